import { z } from 'zod'
import { type Device, DeviceSchema, type Owner, OwnerSchema } from './device.ts'
import { isInactive, isLongAgo, type Limits } from './inactive.ts'
import { instant } from './instant.ts'
import { dayOf } from './reader.ts'
import { fold } from './words.ts'

const about = z.object({
  /** When it was noticed. */
  at: z.string(),
  /** The device as it is now; one that is gone as it was last. */
  device: DeviceSchema,
  owner: OwnerSchema,
  /** The device as it was before, where it was known. */
  before: DeviceSchema.optional(),
})
const key = z.object({ connector: z.string(), guid: z.string() })

/** What happened to a device in Exchange, as far as people may want to hear of it. */
export const ChangeSchema = z.discriminatedUnion('kind', [
  about.extend({ kind: z.enum(['new', 'gone', 'quarantined', 'blocked', 'allowed']) }),
  /** The phone is in use with another mailbox as well; `transferAdvice` says what to do. */
  about.extend({ kind: z.literal('transferred'), others: z.array(key) }),
  about.extend({
    kind: z.enum(['wipeRequested', 'wipeSent', 'wipeAcknowledged']),
    wipe: z.enum(['device', 'account']),
    time: z.string(),
    requestor: z.string().optional(),
  }),
  /** No sync for longer than the connector's number of days. */
  about.extend({ kind: z.literal('stale'), lastSync: z.string() }),
  /** Exchange ActiveSync below 16.1, which Exchange Online refuses and which knows no account-only wipe. */
  about.extend({ kind: z.literal('legacy') }),
  about.extend({ kind: z.literal('osBelowMinimum'), minimum: z.string() }),
])

export type Change = z.infer<typeof ChangeSchema>

/** A change with a name of its own, by which one that is handed over again is known. */
export type NamedChange = Change & { readonly id: string }

export const transferAdvice =
  'When a phone goes to somebody else, delete its old record before the new owner sets up mail.'

/** What is true of a device for as long as nothing is done about it, and was told. */
export const toldKinds = ['stale', 'osBelowMinimum'] as const
export type Told = (typeof toldKinds)[number]

export interface Circumstances {
  readonly owner: Owner
  readonly now: Date
  readonly limits: Limits
  /** When the connector had been read completely for the first time; what is older is no news. */
  readonly since: string | undefined
  readonly told: readonly Told[]
  /** Devices of other mailboxes with the same device id. */
  readonly others: readonly Device[]
}

/** What is to be told of a device that is gone. */
export function changesOfGone(
  before: Device,
  { owner, now, since }: Omit<Circumstances, 'told' | 'limits' | 'others'>,
) {
  const gone: Change = { kind: 'gone', at: now.toISOString(), device: before, before, owner }
  return since === undefined ? [] : [gone]
}

/** What is to be told of a device that is new or different, and what is true of it now and will have been told then. */
export function changesOf(
  before: Device | undefined,
  device: Device,
  { owner, now, limits, since, told, others }: Circumstances,
): { changes: Change[]; told: Told[] } {
  const stale = isInactive(device, limits, dayOf(now.getTime()))
  const minimum = minimumAbove(device, limits)
  const toldNow: Told[] = [...(stale ? ['stale' as const] : []), ...(minimum ? ['osBelowMinimum' as const] : [])]
  if (since === undefined) return { changes: [], told: toldNow }

  const base = { at: now.toISOString(), device, owner, ...(before && { before }) }
  const changes: Change[] = []
  if (before === undefined) changes.push({ ...base, kind: 'new' })
  const state = stateChange(before, device)
  if (state !== undefined) changes.push({ ...base, kind: state })
  if (before === undefined && others.length > 0)
    changes.push({ ...base, kind: 'transferred', others: others.map(({ connector, guid }) => ({ connector, guid })) })
  changes.push(...wipeChanges(before, device, since).map((change) => ({ ...base, ...change })))
  if (isLegacy(device) && !(before && isLegacy(before))) changes.push({ ...base, kind: 'legacy' })
  if (minimum !== undefined && !told.includes('osBelowMinimum'))
    changes.push({ ...base, kind: 'osBelowMinimum', minimum })
  const lastSync = device.statistics?.lastSync
  if (stale && lastSync !== undefined && !told.includes('stale') && !wasStaleAt(since, lastSync, limits))
    changes.push({ ...base, kind: 'stale', lastSync })
  return { changes, told: toldNow }
}

/** A new device that is allowed is nothing more than new. */
function stateChange(before: Device | undefined, { state }: Device): 'quarantined' | 'blocked' | 'allowed' | undefined {
  if (state === before?.state) return undefined
  switch (state.toLowerCase()) {
    case 'quarantined':
      return 'quarantined'
    case 'blocked':
      return 'blocked'
    case 'allowed':
      return before && 'allowed'
    default:
      return undefined
  }
}

const wipes = [
  ['device', 'wipe'],
  ['account', 'accountWipe'],
] as const
const steps = [
  ['wipeRequested', 'requested'],
  ['wipeSent', 'sent'],
  ['wipeAcknowledged', 'acknowledged'],
] as const

/** Steps of a wipe that were not there before; where nothing was known before, those since the connector was first read. */
function wipeChanges(before: Device | undefined, { statistics }: Device, since: string) {
  return wipes.flatMap(([wipe, field]) =>
    steps.flatMap(([kind, step]) => {
      const time = statistics?.[field][step]
      const known = before?.statistics?.[field]
      if (time === undefined || (known ? instant(known[step]) === instant(time) : instant(time) < instant(since)))
        return []
      return [{ kind, wipe, time, requestor: statistics?.[field].requestor }]
    }),
  )
}

const wasStaleAt = (since: string, lastSync: string, limits: Limits) =>
  isLongAgo(instant(lastSync), limits, dayOf(instant(since)))

interface Client {
  readonly clientType?: string | undefined
  readonly clientVersion?: string | undefined
}

/** Exchange ActiveSync below 16.1; the versions of other clients follow rules of their own. */
export function isLegacy({ clientType, clientVersion }: Client): boolean {
  const version = versionIn(clientVersion ?? '')
  return clientType?.toUpperCase() === 'EAS' && version !== undefined && isBelow(version, [16, 1])
}

/** The minimum version that a device's operating system is below. */
export function minimumAbove({ os }: Pick<Device, 'os'>, { minimumOs = {} }: Limits): string | undefined {
  if (os === undefined) return undefined
  const name = Object.keys(minimumOs).find((start) => fold(os).startsWith(fold(start)))
  const minimum = name === undefined ? undefined : minimumOs[name]
  const [version, wanted] = [versionIn(os.slice(name?.length)), versionIn(minimum ?? '')]
  return version && wanted && isBelow(version, wanted) ? minimum : undefined
}

/** The first version in a text, as numbers. */
const versionIn = (text: string) => /\d+(\.\d+)*/.exec(text)?.[0].split('.').map(Number)

function isBelow(version: readonly number[], minimum: readonly number[]): boolean {
  for (const [at, wanted] of minimum.entries()) if ((version[at] ?? 0) !== wanted) return (version[at] ?? 0) < wanted
  return false
}
