import { describeChange } from '../access/changes.ts'
import type { Request, State, Wipe } from './request.ts'

/** What each state is called where people read it. */
export const stateTexts: Readonly<Record<State, string>> = {
  waiting: 'waiting for approval',
  approved: 'approved, being checked',
  sending: 'being handed to Exchange',
  unresolved: 'unresolved: nobody knows whether Exchange took it',
  handed: 'with Exchange, waiting for the device',
  taken: 'taken by the device',
  acknowledged: 'acknowledged by the device',
  done: 'done',
  denied: 'denied',
  withdrawn: 'withdrawn',
  cancelled: 'cancelled',
  expired: 'expired',
  refused: 'refused',
  gone: 'over: the device is gone from Exchange',
  givenUp: 'over: nobody follows it any more',
}

/** What is erased, by what a wipe does on the client. */
export const effectTexts: Readonly<Record<Wipe['effect'], string>> = {
  phone: 'The whole phone is erased and reset, with everything private on it: photos, messages, apps.',
  app: 'The data of Outlook is erased, possibly on all phones of this person; the phone and its other apps stay.',
  account: 'Mail, calendar and contacts of this account are erased; everything private stays.',
}

/** What the kinds of wipe are called where people read them. */
export const wipeTitle = ({ kind, effect, name }: Pick<Wipe, 'kind' | 'effect' | 'name'>) =>
  kind === 'wipe-account'
    ? `Wipe account data on ${name}`
    : effect === 'app'
      ? `Wipe app data of ${name}`
      : `Wipe ${name}`

export function titleOf({ subject }: Pick<Request, 'subject'>): string {
  if (subject.kind === 'rights') return 'Change of rights'
  if (subject.kind === 'change') return subject.title
  return subject.kind === 'brake-release' ? 'Release the brake' : wipeTitle(subject)
}

/** What comes of a request when it is carried out. */
export function textOf({ subject }: Pick<Request, 'subject'>): string {
  if (subject.kind === 'rights') return describeChange(subject.change)
  if (subject.kind === 'change') return subject.text
  return subject.kind === 'brake-release'
    ? 'Wipes can run again. What waited goes back for approval.'
    : effectTexts[subject.effect]
}
