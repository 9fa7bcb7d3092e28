import type { Event } from '../events/event.ts'
import { type NamedChange, transferAdvice } from '../inventory/changes.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import { soldAs } from '../inventory/models.ts'
import type { Request } from '../requests/request.ts'

/** Whether a request here is the reason for what Exchange shows of a wipe. */
export function explains({ subject, status }: Request, change: NamedChange): boolean {
  if (!('wipe' in change) || !('guid' in subject) || !('attempt' in status)) return false
  const { device, wipe } = change
  if (subject.connector !== device.connector || subject.guid !== device.guid) return false
  if ((subject.kind === 'wipe-account') !== (wipe === 'account')) return false
  const ours = 'times' in status ? status.times.requested : undefined
  const shown = device.statistics?.[wipe === 'account' ? 'accountWipe' : 'wipe'].requested
  return ours === undefined || ours === shown
}

/** What is told of a change in Exchange; a wipe is news only when no request here explains it. */
export function newsOf(change: NamedChange, collections: readonly string[], explained: boolean): Event | undefined {
  const told = tellingOf(change, explained)
  if (told === undefined) return undefined
  const { device, owner, at, id } = change
  const { text, ...rest } = told
  return {
    key: `change ${id}`,
    at: new Date(at).toISOString(),
    subject: { of: 'device', connector: device.connector, guid: device.guid, collections: [...collections] },
    story: `device ${device.connector}/${device.guid}`,
    title: `${nameOf(device, owner)} of ${owner.displayName}`,
    text: `${nameOf(device, owner)} of ${owner.displayName} (${whatOf(device)}) ${text}.`,
    read: { verb: 'device', data: { ref: device.guid } },
    ...rest,
  }
}

type Told = Pick<Event, 'kinds' | 'text' | 'tone' | 'group' | 'whole'>

function tellingOf(change: NamedChange, explained: boolean): Told | undefined {
  const { kind, device, before } = change
  switch (kind) {
    case 'new':
      if (device.state === 'Quarantined' || device.state === 'Blocked') return undefined
      return { kinds: ['access'], text: 'is new', group: 'new devices' }
    case 'gone':
      return { kinds: ['access'], text: 'is gone from Exchange', group: 'devices gone from Exchange' }
    case 'quarantined': {
      const text = `was quarantined${ruleOf(device)}`
      const group = `devices quarantined${ruleOf(device)}`
      return { kinds: ['quarantine', 'access'], text, tone: 'warning', group, whole: true }
    }
    case 'blocked': {
      const text = `was blocked${ruleOf(device)}`
      return { kinds: ['access'], text, tone: 'attention', group: `devices blocked${ruleOf(device)}` }
    }
    case 'allowed':
      return {
        kinds: before?.state === 'Quarantined' ? ['quarantine', 'access'] : ['access'],
        text: `may connect now${before === undefined ? '' : `; it was ${before.state.toLowerCase()}`}`,
        tone: 'good',
        group: 'devices that may connect now',
      }
    case 'transferred':
      return {
        kinds: ['access'],
        text: `is in use with another mailbox as well. ${transferAdvice.replace(/\.$/, '')}`,
        tone: 'warning',
        group: 'phones in use with more than one mailbox',
      }
    case 'wipeRequested':
    case 'wipeSent':
    case 'wipeAcknowledged': {
      if (explained) return undefined
      const what = change.wipe === 'account' ? 'A wipe of its account data' : 'A wipe'
      const step = { wipeRequested: 'was ordered', wipeSent: 'reached it', wipeAcknowledged: 'was acknowledged' }[kind]
      return {
        kinds: ['security', 'wipes'],
        text: `is being wiped by somebody else: ${what.toLowerCase()} that nobody asked for here ${step}; Exchange names ${change.requestor ?? 'nobody'}`,
        tone: 'attention',
        group: 'steps of wipes that nobody asked for here',
      }
    }
    case 'stale':
      return {
        kinds: ['stale'],
        text: 'has been silent for too long',
        tone: 'warning',
        group: 'devices silent for too long',
      }
    case 'legacy':
      return {
        kinds: ['legacy'],
        text: 'speaks Exchange ActiveSync below 16.1, which Exchange Online refuses',
        tone: 'warning',
        group: 'devices with Exchange ActiveSync below 16.1',
      }
    case 'osBelowMinimum':
      return {
        kinds: ['legacy'],
        text: `has a system below the minimum ${change.minimum}`,
        tone: 'warning',
        group: `devices with a system below the minimum ${change.minimum}`,
      }
  }
}

const ruleOf = ({ rule }: Device) => (rule === undefined ? '' : ` by the rule “${rule}”`)
const whatOf = ({ model, type, os }: Device) => [soldAs(model ?? type), os].filter(Boolean).join(' · ')
