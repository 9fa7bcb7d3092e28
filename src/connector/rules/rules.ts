import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { BotError, isBotError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import type { Use } from '../connectors.ts'
import { readAccess, readClasses, take } from './cmdlets.ts'
import {
  type AccessStep,
  type AccessWish,
  differencesOf,
  type OrganizationAccess,
  OrganizationAccessSchema,
  sentenceOf,
  stepsTo,
} from './rule.ts'

/** What somebody set out to do here, and Exchange has not shown yet. */
const OwnSchema = z.object({ by: z.string(), did: z.string(), at: z.iso.datetime() })

const KnownSchema = OrganizationAccessSchema.extend({
  connector: z.string(),
  at: z.iso.datetime(),
  own: z.array(OwnSchema).optional(),
})

/** Milliseconds after which a change whose answer was lost is not expected to show any more. */
const patience = 60 * 60_000

type Own = z.infer<typeof OwnSchema>

/** The rules of a connector's organization, as they were read last. */
export type KnownAccess = z.infer<typeof KnownSchema>

/** What is left to do for a wish; what is confirmed is this and nothing else, and the digest names it. */
export interface AccessPreview {
  readonly connector: string
  readonly wish: AccessWish
  readonly access: OrganizationAccess
  readonly steps: readonly AccessStep[]
  readonly digest: string
}

/** A difference between two reads. */
export interface AccessChange {
  readonly connector: string
  /** When it was still as before. */
  readonly since: string
  readonly at: string
  /** Who did it here; nobody, where it was done in Exchange. */
  readonly by: string | undefined
  readonly did: string
}

export interface RulesOptions {
  readonly store: Store
  readonly use: Use
  readonly now: () => Date
  /** Told before it is kept, and so again after a kill in between. */
  readonly changed: (change: AccessChange) => Promise<void>
  readonly log: { warn(about: object, message: string): void }
}

export type Rules = Awaited<ReturnType<typeof createRules>>

/** Exchange's access rules and default access level of each connector: read with each sync, and kept. */
export async function createRules({ store, use, now, changed, log }: RulesOptions) {
  const stored = await store.open({ name: 'access-rules', schema: KnownSchema, version: 1 })
  const known = new Map<string, KnownAccess>()

  /** Takes over what other processes have read. */
  async function takeOver(): Promise<void> {
    const all = await stored.list()
    known.clear()
    for (const one of all) known.set(one.connector, one)
  }
  stored.follow(() => {
    takeOver().catch((error) => log.warn({ err: error }, 'rules that another process has read are not known'))
  })
  await takeOver()

  /** Reads them from Exchange and tells what is different; again, when somebody else did so meanwhile. */
  async function read(connector: string, signal: AbortSignal): Promise<KnownAccess> {
    const before = await stored.get(connector)
    const shown = await use(connector, signal, readAccess)
    if (!isDeepStrictEqual(await stored.get(connector), before)) return read(connector, signal)
    const time = now()
    const at = time.toISOString()
    const own = before?.own?.filter((one) => time.getTime() - Date.parse(one.at) < patience) ?? []
    const differences = before === undefined ? [] : differencesOf(before, shown)
    for (const did of differences) {
      const by = own.find((one) => one.did === did)?.by
      await changed({ connector, since: before?.at ?? at, at, by, did })
    }
    const access = { ...shown, connector, at, own: own.filter(({ did }) => !differences.includes(did)) }
    const kept = await stored.update(connector, (old) => (isDeepStrictEqual(old, before) ? access : old))
    if (!isDeepStrictEqual(kept, access)) return read(connector, signal)
    known.set(connector, access)
    return access
  }

  const change = (connector: string, next: (own: Own[]) => Own[]) =>
    stored.update(connector, (old) => old && { ...old, own: next(old.own ?? []) })

  /** Takes a step once; after a lost answer Exchange is read, and only what it shows counts. */
  async function takeSafely(
    step: AccessStep,
    { connector, wish, access }: AccessPreview,
    by: string,
    signal: AbortSignal,
  ) {
    const mine = { by, did: sentenceOf(step, access.rules), at: now().toISOString() }
    await change(connector, (own) => [...own, mine])
    try {
      await use(connector, signal, (exchange, both) => take(step, exchange, both))
    } catch (error) {
      if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) {
        await change(connector, (own) => own.filter((one) => !isDeepStrictEqual(one, mine)))
        throw error
      }
      const left = await read(connector, signal)
        .then((now) => stepsTo(now, wish))
        .catch(() => undefined)
      if (left === undefined) throw error
      if (left.some((one) => one.do === step.do))
        throw new BotError('EXCHANGE_OUTCOME_UNKNOWN', 'and shows the rules as they were', { cause: error })
    }
  }

  return {
    read,

    /** As they were read last; nothing before the first sync. */
    known: (connector: string): KnownAccess | undefined => known.get(connector),

    /** Models and types that the organization has seen. */
    classes: (connector: string, signal: AbortSignal) => use(connector, signal, readClasses),

    async preview(connector: string, wish: AccessWish, signal: AbortSignal): Promise<AccessPreview> {
      const access = await read(connector, signal)
      const steps = stepsTo(access, wish)
      const rules = access.rules.map(({ guid, level }) => `${guid} ${level}`).sort()
      const what = JSON.stringify([connector, wish, steps, access.defaultLevel, rules])
      return { connector, wish, access, steps, digest: createHash('sha256').update(what).digest('hex').slice(0, 16) }
    },

    /** Carries out what was previewed, step by step, and reads it back. Throws as the carrier does. */
    async carryOut(wished: AccessPreview, by: string, signal: AbortSignal): Promise<KnownAccess> {
      for (const step of wished.steps) await takeSafely(step, wished, by, signal)
      return read(wished.connector, signal)
    },

    /** The connector is removed; Exchange keeps its rules. */
    async forget(connector: string): Promise<void> {
      known.delete(connector)
      await stored.delete(connector)
    },
  }
}
