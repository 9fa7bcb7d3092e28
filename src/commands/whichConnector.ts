import type { Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { assertGranted, type Context, type Values } from './command.ts'
import { pressable } from './replies.ts'

export const namesOf = ({ connectors }: Context) => connectors.all().map(({ name }) => name)

/** The connector of this name, in any spelling. Throws CONNECTOR_UNKNOWN. */
export const connectorNamed = (named: string, { connectors }: Context): string => connectors.get(named).name

/** Runs on the connector that is meant; where there are several and none is named, asks which one, and never takes all. */
export async function onConnector(
  context: Context,
  verb: string,
  { connector: named, ...values }: Values,
  run: (connector: string) => Promise<Reply>,
): Promise<Reply> {
  const runIfGranted = (connector: string) => {
    assertGranted(verb, connector, context)
    return run(connector)
  }
  if (typeof named === 'string' && named !== '') return runIfGranted(connectorNamed(named, context))
  const [first, ...others] = namesOf(context)
  if (first === undefined)
    throw new BotError('COMMAND_ARGUMENT', 'No connector is set up yet; add one with “connector-add”.')
  if (others.length === 0) return runIfGranted(first)
  return {
    template: 'choose',
    data: {
      title: 'Which connector?',
      text: `“${verb}” is for one organization; choose it.`,
      rows: [first, ...others].map((name) => ({ press: { ...pressable(values), connector: name }, name, detail: '' })),
      verb,
    },
  }
}
