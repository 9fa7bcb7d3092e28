import { createHash } from 'node:crypto'
import { z } from 'zod'
import { PersonSchema } from '../../audit/person.ts'
import { BotError, isBotError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import type { Use } from '../connectors.ts'
import { readDefaultPolicy, setPolicy } from './cmdlets.ts'
import { type Generation, isEqual } from './kinds.ts'
import { sentenceOf } from './news.ts'
import {
  type Configured,
  cutsOff,
  type Drift,
  driftOf,
  gravityOf,
  hazardsOf,
  type Plan,
  plan,
  readValues,
  type Wish,
  writeValues,
} from './ownership.ts'
import { groups, type Values } from './settings.ts'

const ValuesSchema = z.record(
  z.string(),
  z.union([z.boolean(), z.number(), z.string(), z.array(z.string()).readonly()]),
)
const ConfiguredSchema = z.partialRecord(z.enum(groups), ValuesSchema)

const BySchema = PersonSchema.extend({ name: z.string() })

const PolicySchema = z.object({
  /** Goes up with every change of what is configured. */
  v: z.number().int(),
  configured: ConfiguredSchema,
  undo: z.object({ at: z.iso.datetime(), by: BySchema, configured: ConfiguredSchema, values: ValuesSchema }).optional(),
  /** The policy as Exchange showed it last. */
  seen: z
    .object({
      at: z.iso.datetime(),
      guid: z.string(),
      name: z.string(),
      generation: z.enum(['2010', '2013']),
      values: ValuesSchema,
    })
    .optional(),
  /** What was changed here last, until it is told; `v` is that of the policy since. */
  untold: z.object({ v: z.number().int(), text: z.string(), writes: ValuesSchema }).optional(),
  /** The drift that was told already. */
  told: z.string().optional(),
})

type Stored = z.infer<typeof PolicySchema>

/** What is configured for an organization, beside what Exchange shows of its default policy. */
export interface PolicyLook {
  readonly connector: string
  readonly generation: Generation
  readonly guid: string
  readonly name: string
  /** When Exchange was read. */
  readonly at: string
  readonly shown: Values
  readonly configured: Configured
  readonly undo: Stored['undo']
  readonly drift: readonly Drift[]
  readonly v: number
}

/** What a wish would change; what is confirmed is this and nothing else, and the digest names it. */
export interface PolicyPreview extends Plan {
  readonly look: PolicyLook
  readonly wish: Wish
  readonly hazards: readonly string[]
  readonly gravity: ReturnType<typeof gravityOf>
  readonly cutsOff: boolean
  readonly digest: string
}

/** What somebody changed here, in a sentence. */
export type PolicyChange = Pick<NonNullable<Stored['untold']>, 'v' | 'text'>

export interface PoliciesOptions {
  readonly store: Store
  readonly use: Use
  readonly now: () => Date
  /** Told once it is in Exchange, and before that is kept: so again after a kill in between. */
  readonly changed: (look: PolicyLook, change: PolicyChange) => Promise<void>
  /** Somebody changed in Exchange what is configured here; told once. */
  readonly drifted: (look: PolicyLook) => Promise<void>
}

export type Policies = Awaited<ReturnType<typeof createPolicies>>

const nothing: Stored = { v: 0, configured: {} }

/** The mobile device settings of each connector: configured here, written to the default policy of its organization. */
export async function createPolicies({ store, use, now, changed, drifted }: PoliciesOptions) {
  const stored = await store.open({ name: 'policies', schema: PolicySchema, version: 1 })
  const read = async (connector: string): Promise<Stored> => (await stored.get(connector)) ?? nothing

  const lookOf = (
    connector: string,
    { v, configured, undo }: Stored,
    seen: NonNullable<Stored['seen']>,
  ): PolicyLook => ({
    connector,
    generation: seen.generation,
    guid: seen.guid,
    name: seen.name,
    at: seen.at,
    shown: seen.values,
    configured,
    undo,
    drift: driftOf(configured, seen.values),
    v,
  })

  /** Reads the default policy from Exchange. */
  async function look(connector: string, signal: AbortSignal): Promise<PolicyLook> {
    const { row, ...policy } = await use(connector, signal, readDefaultPolicy)
    const seen = { ...policy, at: now().toISOString(), values: readValues(row, policy.generation) }
    const document = await stored.update(connector, (old = nothing) => ({ ...old, seen }))
    return lookOf(connector, document ?? nothing, seen)
  }

  async function preview(connector: string, wish: Wish, signal: AbortSignal): Promise<PolicyPreview> {
    const seen = await look(connector, signal)
    const next = plan(seen.configured, seen.undo, seen.shown, wish)
    const before = Object.keys(next.writes).map((name) => seen.shown[name])
    const what = [connector, seen.guid, seen.v, wish, next.configured, next.writes, before]
    return {
      ...next,
      look: seen,
      wish,
      hazards: hazardsOf(next.writes, seen.shown),
      gravity: gravityOf(next.writes, seen.shown),
      cutsOff: cutsOff(next.writes, seen.shown),
      digest: createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16),
    }
  }

  /** Takes back what is configured, since Exchange did not do it. */
  const restore = (connector: string, before: Stored, v: number) =>
    stored.update(connector, (old) =>
      old?.v === v ? { ...old, v: v + 1, configured: before.configured, undo: before.undo, untold: undefined } : old,
    )

  async function tell(look: PolicyLook, change: PolicyChange): Promise<void> {
    await changed(look, change)
    await stored.update(look.connector, (old) => (old?.untold?.v === change.v ? { ...old, untold: undefined } : old))
  }

  /** Tells of a change whose process ended before it could, when Exchange shows it. */
  async function tellLate(look: PolicyLook): Promise<void> {
    const { untold } = await read(look.connector)
    if (untold !== undefined && isWritten(untold.writes, look.shown)) await tell(look, untold)
  }

  /** Writes it, once. After a lost answer Exchange is read: only what it shows is said. Resolves to how it is then. */
  async function push({ look: seen, writes }: PolicyPreview, before: Stored, signal: AbortSignal): Promise<PolicyLook> {
    const { connector } = seen
    if (Object.keys(writes).length === 0) return look(connector, signal)
    try {
      const parameters = writeValues(writes, seen.generation)
      await use(connector, signal, (exchange, both) => setPolicy(exchange, seen.guid, parameters, both))
    } catch (error) {
      if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) {
        await restore(connector, before, seen.v + 1)
        throw error
      }
      const after = await look(connector, signal).catch(() => undefined)
      if (after === undefined) throw error
      if (isWritten(writes, after.shown)) return after
      await restore(connector, before, seen.v + 1)
      throw new BotError('EXCHANGE_OUTCOME_UNKNOWN', 'and shows the policy as it was', { cause: error })
    }
    return look(connector, signal)
  }

  /** Configures what was previewed and writes it. Throws as the carrier does, and POLICY_REFUSED when somebody else was faster. */
  async function carryOut(
    wished: PolicyPreview,
    by: z.infer<typeof BySchema>,
    signal: AbortSignal,
  ): Promise<PolicyLook> {
    const { look: seen, configured, undo, writes } = wished
    await tellLate(seen)
    const before = await read(seen.connector)
    const isPush = Object.keys(writes).length > 0
    const change = { v: seen.v + 1, text: sentenceOf(wished, by.name) }
    await stored.update(seen.connector, (old = nothing) => {
      if (old.v !== seen.v)
        throw new BotError('POLICY_REFUSED', 'Somebody else changed this policy in the same moment; look at it again.')
      const last = undo && (isPush ? { ...undo, at: now().toISOString(), by } : old.undo && { ...old.undo, ...undo })
      return { ...old, v: change.v, configured, undo: last, untold: { ...change, writes } }
    })
    const after = await push(wished, before, signal)
    await tell(after, change)
    return after
  }

  return {
    look,
    preview,
    carryOut,

    /** As it was when it was last read; for times when Exchange cannot be reached. */
    async last(connector: string): Promise<PolicyLook | undefined> {
      const document = await read(connector)
      return document.seen && lookOf(connector, document, document.seen)
    },

    /** Reads the policy and tells what somebody changed behind our back, once for each difference. */
    async check(connector: string, signal: AbortSignal): Promise<PolicyLook> {
      const seen = await look(connector, signal)
      await tellLate(seen)
      const told = seen.drift.map(({ setting, shown }) => `${setting.name}=${setting.kind.show(shown)}`).join('\n')
      if (told !== ((await read(connector)).told ?? '')) {
        if (told !== '') await drifted(seen)
        await stored.update(connector, (old) => old && { ...old, told })
      }
      return seen
    },

    /** The connector is removed; Exchange keeps everything as it is. */
    forget: (connector: string) => stored.delete(connector),
  }
}

/** Whether Exchange shows what was written. */
export const isWritten = (writes: Values, shown: Values) =>
  Object.entries(writes).every(([name, value]) => {
    const now = shown[name]
    return now !== undefined && isEqual(now, value)
  })
