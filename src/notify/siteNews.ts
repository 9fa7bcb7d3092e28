import type { Event } from '../events/event.ts'
import type { Actor } from '../requests/request.ts'

/** What somebody tried and may not. */
export interface Attempt {
  readonly caller: Pick<Actor, 'id' | 'name'>
  readonly command: string
  readonly code: Forbidden
}

/** What says that somebody wanted more than they may; other refusals are slips of everyday work. */
const reasons = {
  ACCESS_DENIED: 'which their roles do not allow',
  REQUEST_SELF: 'their own request',
  REQUEST_OWNER: 'a request about a device of their own',
  REQUEST_DISABLED: 'though their account is disabled',
} as const

type Forbidden = keyof typeof reasons

export const isForbidden = (code: string | undefined): code is Forbidden => code !== undefined && code in reasons

const onSite = (at: Date) => ({ at: at.toISOString(), subject: { of: 'site' as const } })

/** A refused attempt; the same one again within an hour is no news. */
export function attemptNews({ caller, command, code }: Attempt, at: Date): Event {
  const hour = at.toISOString().slice(0, 13)
  return {
    ...onSite(at),
    key: `refused ${caller.id} ${command} ${code} ${hour}`,
    kinds: ['security'],
    story: `refused ${caller.id} ${hour.slice(0, 10)}`,
    title: `Refused attempts of ${caller.name}`,
    text: `${caller.name} tried “${command}”, ${reasons[code]}.`,
    tone: 'warning',
    group: 'refused attempts',
    read: { verb: 'audit', data: {} },
  }
}
