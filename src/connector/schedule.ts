const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** When all is read anew: every so many hours as `24h`, or every day at a time as `02:30`, in UTC. */
export const schedulePattern = /^(?:([1-9]\d{0,2})h|([01]\d|2[0-3]):([0-5]\d))$/

/** The first time of a schedule after `last`. */
export function nextFull(schedule: string, last: Date): Date {
  const [, hours, clockHours = '0', clockMinutes = '0'] = schedulePattern.exec(schedule) ?? []
  if (hours !== undefined) return new Date(last.getTime() + Number(hours) * hour)
  const inDay = Number(clockHours) * hour + Number(clockMinutes) * minute
  const today = Math.floor(last.getTime() / day) * day + inDay
  return new Date(today > last.getTime() ? today : today + day)
}

/** What a connector's schedule depends on. */
export interface Schedule {
  readonly fullSyncSchedule: string
  readonly deltaSyncMins: number
}

/** What was read when. */
export interface ReadSoFar {
  readonly full: Date | undefined
  readonly delta: Date | undefined
  /** Whether a read is wanted now, whatever the schedule says. */
  readonly fullWanted: boolean
  readonly deltaWanted: boolean
}

/** The next read, and when it is due. A full read finds everything that a delta would. */
export function nextRead(
  { fullSyncSchedule, deltaSyncMins }: Schedule,
  { full, delta, fullWanted, deltaWanted }: ReadSoFar,
  now: Date,
): { readonly kind: 'full' | 'delta'; readonly at: Date } {
  if (full === undefined || fullWanted) return { kind: 'full', at: now }
  const fullAt = nextFull(fullSyncSchedule, full)
  const newest = Math.max(full.getTime(), delta?.getTime() ?? 0)
  const deltaAt = deltaWanted ? now : new Date(newest + deltaSyncMins * minute)
  return fullAt <= deltaAt ? { kind: 'full', at: fullAt } : { kind: 'delta', at: deltaAt }
}
