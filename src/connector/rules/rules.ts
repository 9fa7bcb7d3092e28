import { createHash } from 'node:crypto'
import { z } from 'zod'
import { BotError, isBotError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import type { Use } from '../connectors.ts'
import { readAccess, readClasses, take } from './cmdlets.ts'
import { type AccessStep, type AccessWish, type OrganizationAccess, OrganizationAccessSchema, stepsTo } from './rule.ts'

const KnownSchema = OrganizationAccessSchema.extend({ connector: z.string(), at: z.iso.datetime() })

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

export interface RulesOptions {
  readonly store: Store
  readonly use: Use
  readonly now: () => Date
  readonly log: { warn(about: object, message: string): void }
}

export type Rules = Awaited<ReturnType<typeof createRules>>

/** Exchange's access rules and default access level of each connector: read with each sync, and kept. */
export async function createRules({ store, use, now, log }: RulesOptions) {
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

  /** Reads them from Exchange. */
  async function read(connector: string, signal: AbortSignal): Promise<KnownAccess> {
    const access = { ...(await use(connector, signal, readAccess)), connector, at: now().toISOString() }
    await stored.put(connector, access)
    known.set(connector, access)
    return access
  }

  /** Takes a step once; after a lost answer Exchange is read, and only what it shows counts. */
  async function takeSafely(connector: string, step: AccessStep, wish: AccessWish, signal: AbortSignal): Promise<void> {
    try {
      await use(connector, signal, (exchange, both) => take(step, exchange, both))
    } catch (error) {
      if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) throw error
      const left = await read(connector, signal)
        .then((access) => stepsTo(access, wish))
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
    async carryOut({ connector, wish, steps }: AccessPreview, signal: AbortSignal): Promise<KnownAccess> {
      for (const step of steps) await takeSafely(connector, step, wish, signal)
      return read(connector, signal)
    },

    /** The connector is removed; Exchange keeps its rules. */
    async forget(connector: string): Promise<void> {
      known.delete(connector)
      await stored.delete(connector)
    },
  }
}
