import { z } from 'zod'
import type { PolicyLook } from '../connector/policy/policies.ts'
import { groups } from '../connector/policy/settings.ts'
import { BotError, isBotError } from '../errors.ts'
import { type Context, defineCommand } from './command.ts'
import { policyReply } from './policyCard.ts'
import { connectorNamed, namesOf } from './whichConnector.ts'

const reading = {
  permission: ['Site.Read', 'Site.ModifyConnectorPolicy'],
  scopes: [],
  changes: false,
} as const

/** One of the five groups, in any spelling. */
export const GroupName = z
  .preprocess(
    (text) =>
      groups.find((group) => typeof text === 'string' && group.toLowerCase() === text.trim().toLowerCase()) ?? text,
    z.enum(groups, `one of ${groups.join(', ')}`),
  )
  .meta({ title: 'Group' })

const args = z.object({ group: GroupName.optional(), connector: z.string().optional().meta({ title: 'Connector' }) })

/** The policies as Exchange has them, or as they were when it could be reached. */
async function looksOf(
  names: readonly string[],
  read: (connector: string) => Promise<PolicyLook>,
  { policies }: Context,
): Promise<{ looks: PolicyLook[]; warnings: string[] }> {
  const looks: PolicyLook[] = []
  const warnings: string[] = []
  const read1 = async (name: string) => {
    try {
      return await read(name)
    } catch (error) {
      if (!(error instanceof BotError)) throw error
      warnings.push(`${name}: ${error.message}`)
      return isBotError(error, 'EXCHANGE_UNREACHABLE') ? policies.last(name) : undefined
    }
  }
  for (const found of await Promise.all(names.map(read1))) if (found !== undefined) looks.push(found)
  return { looks, warnings }
}

const wanted = (named: string | undefined, context: Context) =>
  named === undefined ? namesOf(context) : [connectorNamed(named, context)]

export const policy = defineCommand({
  ...reading,
  name: 'policy',
  usage: '[group] [connector:]',
  summary: 'Shows the mobile device settings: what is managed here, what Exchange has, and where they differ.',
  example: 'policy',
  args,
  async run({ group, connector }, context) {
    /** What open pages show again by themselves is what was read last: Exchange is asked by people. */
    const read = async (name: string) =>
      (context.automatic ? await context.policies.last(name) : undefined) ??
      (await context.policies.look(name, context.signal))
    const { looks, warnings } = await looksOf(wanted(connector, context), read, context)
    return policyReply(looks, { group, warnings }, context)
  },
})

export const policyCheck = defineCommand({
  ...reading,
  name: 'policy-check',
  usage: '[connector:]',
  summary: 'Reads the policy from Exchange and tells what somebody changed there behind our back.',
  example: 'policy-check',
  args: args.pick({ connector: true }),
  async run({ connector }, context) {
    const read = (name: string) => context.policies.check(name, context.signal)
    const { looks, warnings } = await looksOf(wanted(connector, context), read, context)
    const drifting = looks.flatMap(({ connector: where, drift }) =>
      drift.map(
        ({ setting: { group, name, kind }, configured, shown }) =>
          `${where}: ${group}.${name} is ${kind.show(shown)} in Exchange and configured as ${kind.show(configured)}.`,
      ),
    )
    const notice = drifting.length === 0 ? 'Exchange has everything as it is configured here.' : 'Exchange was changed.'
    return policyReply(looks, { notice, warnings: [...warnings, ...drifting] }, context)
  },
})
