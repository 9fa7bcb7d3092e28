import { z } from 'zod'
import { hideSecrets } from '../audit/secrets.ts'
import type { Reply } from '../cards/card.ts'
import { reasonOf } from '../connector/report.ts'
import { inputs, kindOf, levelOf, required } from '../connector/settings.ts'
import { isWish } from '../connector/wishes.ts'
import { BotError, isBotError } from '../errors.ts'
import { type Command, type Context, defineCommand, type Values } from './command.ts'
import { connectorReply, listReply, settingsForm, testedReply } from './connectorCards.ts'
import { endOf, endReply } from './connectorEnd.ts'
import { onConnector } from './whichConnector.ts'

const name = z.string().trim().max(100).meta({ title: 'Connector' })
const changing = { permission: ['Site.Modify'], scopes: [] } as const

/** Words and inputs for settings; the connector room says what is wrong with them, all at once. */
const settings = z.object(
  Object.fromEntries(
    [...inputs.online, ...inputs.onPremises]
      .filter((input) => input.name !== 'name')
      .map(({ name: setting, ...about }) => [
        setting,
        z.union([z.string(), z.number(), z.boolean()]).optional().meta(about),
      ]),
  ),
)
const options = Object.keys(settings.shape)
const optional = options.filter((option) => !required.includes(option)).map((option) => `[${option}:]`)

const isGiven = (value: unknown) => value !== undefined && String(value).trim() !== ''

export const connectors = defineCommand({
  name: 'connectors',
  usage: '[name]',
  summary: 'Lists the links to Exchange organizations, or shows one: how it is, what it read, how it is set up.',
  example: 'connectors',
  permission: ['Site.Read', 'Site.Modify'],
  scopes: [],
  changes: false,
  args: z.object({ name: name.optional() }),
  async run(given, context) {
    return given.name === undefined ? listReply(context) : connectorReply(context.connectors.get(given.name), context)
  },
})

/** Whoever types a password is told at once; it is not read, not kept and not shown again. */
function withoutSecrets(command: Command): Command {
  const refuse = (texts: readonly unknown[]) => {
    for (const text of texts)
      if (typeof text === 'string' && hideSecrets(text) !== text) throw new BotError('CREDENTIAL_TYPED')
  }
  return {
    ...command,
    values(line) {
      refuse([line])
      return command.values(line)
    },
    check(values) {
      refuse(Object.values(values))
      return command.check(values)
    },
  }
}

/** Settings that were typed and cannot be used are shown again with what is wrong. */
async function orForm(form: (problem: string) => Reply, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!isBotError(error, 'CONNECTOR_REFUSED')) throw error
    return form(error.message)
  }
}

/** Tests settings before they are kept; those that cannot be used at all are not. What they want of Exchange is written. */
async function keep(given: Values, done: string, context: Context): Promise<Reply> {
  const { connectors: all, rules, signal } = context
  const connector = all.check(given)
  const { name: named } = connector
  const known = all.has(named)
  const tested = await all.test(connector, signal)
  if (tested.refusal !== undefined)
    return { ...testedReply(connector, tested, known, 'Nothing was changed.'), undone: true }
  await all.add(connector)
  const level = levelOf(given)
  const isOpen = level !== undefined && level !== rules.known(named)?.defaultLevel
  const notice = [
    done,
    tested.problem === undefined ? '' : 'It is tried again every 60 minutes until it works.',
    isWish(Object.keys(given)) ? await fulfil(named, context) : '',
    isOpen ? 'The default access level is as it was: press the button to see what another does.' : '',
  ]
  const { buttons = [], ...reply } = testedReply(connector, tested, true, notice.filter(Boolean).join(' '))
  const press = {
    title: `Default access: ${level}`,
    verb: 'default-access',
    data: { level: `${level}`, connector: named },
  }
  return { ...reply, buttons: isOpen ? [press, ...buttons] : buttons }
}

/** Writes to Exchange what the settings want of it, and says what came of it; the settings are kept in any case. */
async function fulfil(named: string, { connectors: all, signal }: Context): Promise<string> {
  try {
    const left = await all.fulfilWishes(named, signal)
    return left.length === 0 ? 'Exchange has it so.' : `It was written, and still ${left.join('; ')}.`
  } catch (error) {
    if (!(error instanceof BotError)) throw error
    return `It could not be written to Exchange: ${reasonOf(error)}`
  }
}

const chooseKind: Reply = {
  template: 'choose',
  data: {
    title: 'Add a connector',
    text: 'Which Exchange is it?',
    rows: [
      { press: { kind: 'online' }, name: 'Exchange Online', detail: 'Microsoft 365, as an application' },
      { press: { kind: 'onPremises' }, name: 'Exchange on premises', detail: '2010 SP1 to Subscription Edition' },
    ],
    verb: 'connector-add',
  },
}

export const connectorAdd = withoutSecrets(
  defineCommand({
    ...changing,
    name: 'connector-add',
    usage: `<name> <kind> <address:> <credential:> ${optional.join(' ')}`,
    summary: 'Adds the link to an Exchange organization and tests it; the credential is a file on the server.',
    example: 'connector-add Contoso online address:https://outlook.office365.com credential:contoso',
    changes: (values) => required.every((setting) => isGiven(values[setting])),
    args: settings.extend({ name: name.optional(), kind: z.string().optional().meta({ title: 'Kind' }) }),
    async run(given, context) {
      const kind = kindOf(String(given.kind ?? ''))
      const others = Object.entries(given).filter(([setting, value]) => setting !== 'kind' && isGiven(value))
      if (kind === undefined && others.length === 0) return chooseKind
      const add = async () => {
        if (context.connectors.has(String(given.name ?? '')))
          throw new BotError('CONNECTOR_REFUSED', `there is a connector ${given.name} already`)
        return keep(given, 'Added.', context)
      }
      if (kind === undefined) return add()
      const form = (problem?: string) => settingsForm({ verb: 'connector-add', kind, problem }, given, { kind })
      if (others.length === 0) return form()
      return orForm(form, add)
    },
  }),
)

export const connectorEdit = withoutSecrets(
  defineCommand({
    ...changing,
    name: 'connector-edit',
    usage: `<name> [address:] [credential:] ${optional.join(' ')}`,
    summary: 'Changes the settings of a connector and tests them; one that is given empty has its default again.',
    example: 'connector-edit Contoso deltaSyncMins:60',
    changes: (values) => Object.keys(values).some((setting) => options.includes(setting)),
    args: settings.extend({ name }),
    async run(given, context) {
      const { connector } = context.connectors.get(String(given.name))
      const change = { ...given, name: connector.name }
      const form = (problem?: string) =>
        settingsForm(
          { verb: 'connector-edit', kind: connector.kind, problem },
          { accessLevel: context.rules.known(connector.name)?.defaultLevel, ...connector, ...change },
          { name: connector.name },
        )
      if (!Object.keys(given).some((setting) => options.includes(setting))) return form()
      return orForm(form, () => keep(change, 'Changed.', context))
    },
  }),
)

export const connectorTest = defineCommand({
  ...changing,
  name: 'connector-test',
  usage: '<name>',
  summary:
    'Tests a connector: whether Exchange is reached and lets it in, which versions run, what the account may do.',
  example: 'connector-test Contoso',
  changes: false,
  args: z.object({ name: name.optional(), connector: name.optional() }),
  run: ({ name: named, connector: chosen }, context) =>
    onConnector(context, 'connector-test', { connector: named ?? chosen }, async (one) => {
      const { connector } = context.connectors.get(one)
      return testedReply(connector, await context.connectors.test(connector, context.signal), true)
    }),
})

export const connectorRemove = defineCommand({
  ...changing,
  name: 'connector-remove',
  usage: '<name>',
  summary: 'Removes a connector and forgets its devices, after showing what ends with it; Exchange stays as it is.',
  example: 'connector-remove Contoso',
  changes: (values) => values.confirm !== undefined,
  args: z.object({ name, confirm: z.string().optional() }),
  async run({ name: named, confirm }, context) {
    const view = context.connectors.get(named)
    const end = await endOf(view.name, context)
    if (confirm === undefined) return endReply(view.name, end)
    if (confirm !== end.digest)
      return {
        ...endReply(view.name, end, 'This has changed since you looked, so nothing was removed yet.'),
        undone: true,
      }
    await context.connectors.forget(view.name)
    const text = `${view.name} is removed, and its ${end.devices} devices are forgotten here. Exchange stays as it was.`
    return { template: 'notice', data: { title: 'Removed', text, tone: 'good' } }
  },
})

export const sync = defineCommand({
  ...changing,
  name: 'sync',
  usage: '[full] [connector:]',
  summary: 'Reads an organization now: what is new, or with “full” all of it.',
  example: 'sync full',
  changes: true,
  args: z.object({
    full: z
      .string()
      .trim()
      .toLowerCase()
      .pipe(z.literal('full', 'either “full” or nothing'))
      .optional()
      .meta({ title: 'Kind' }),
    connector: name.optional(),
  }),
  run: ({ full, connector }, context) =>
    onConnector(context, 'sync', { connector, full }, async (one) => {
      await context.connectors.sync(one, full ?? 'delta')
      const notice = `The ${full ?? 'delta'} sync is under way.`
      return connectorReply(context.connectors.get(one), context, notice)
    }),
})
