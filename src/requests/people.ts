import type { Access } from '../access/access.ts'
import type { Permission } from '../access/permissions.ts'
import type { Powers, Rights } from '../access/rights.ts'
import type { Device, DeviceKey } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { type Brakes, isCounted } from './brake.ts'
import type { Decider } from './decide.ts'
import type { Actor, MassChange, Request, Subject } from './request.ts'

/** Somebody who asks or decides, with the addresses by which the door knows them: undefined where it cannot find out. */
export interface Asker extends Actor {
  readonly addresses: () => Promise<readonly string[] | undefined>
}

export interface PeopleParts {
  readonly access: Pick<Access, 'rightsOf'>
  readonly inventory: Pick<Inventory, 'get'>
  readonly brakes: Pick<Brakes, 'read'>
  readonly now: () => Date
}

const asking: readonly Permission[] = ['Collection.ModifyResource', 'Collection.DeleteResource']

/** What one needs to decide about something. */
export function permissionOf(subject: Subject): Permission {
  if (subject.kind === 'change') return subject.permission
  return subject.kind === 'wipe' || subject.kind === 'wipe-account' ? 'Collection.DeleteResource' : 'Security.Modify'
}

/** The devices on which that permission is needed; none: it is for the site. */
const devicesOf = (subject: Subject): readonly DeviceKey[] =>
  'guid' in subject ? [subject] : 'devices' in subject ? (subject.devices ?? []) : []

/** Whether somebody holds what is needed on all that a request is about; nobody does where its one device is gone. */
export const isHeld = (powers: Powers, subject: Subject, { get }: Pick<Inventory, 'get'>): boolean =>
  powers.holds(permissionOf(subject)) &&
  devicesOf(subject).every((key) => {
    const device = get(key)
    return device === undefined ? !('guid' in subject) : powers.may(device, permissionOf(subject))
  })

/** Somebody as a decider, by rights that are known already. */
export function deciderBy(
  request: Pick<Request, 'subject'>,
  { tenant, id, name }: Actor,
  rights: Rights,
  known: {
    readonly inventory: Pick<Inventory, 'get'>
    readonly addresses: readonly string[] | undefined
    readonly counted: boolean
  },
): Decider {
  const { subject } = request
  return {
    actor: { tenant, id, name },
    addresses: rights.standing === 'member' ? [...rights.addresses, ...(known.addresses ?? [])] : known.addresses,
    permission: permissionOf(subject),
    entitled: isHeld(rights.rested, subject, known.inventory),
    guards: rights.rested.holds('Security.Modify'),
    enabled: rights.standing === 'member' || rights.standing === 'notAsked',
    counted: known.counted,
  }
}

export type People = ReturnType<typeof createPeople>

/** How long the addresses that the door knew are believed, in milliseconds. */
const believed = 60_000

/** What the people of a request may do in this moment, asked afresh. Everything throws DIRECTORY_UNREACHABLE. */
export function createPeople({ access, inventory, brakes, now }: PeopleParts) {
  const known = new Map<string, { readonly until: number; readonly addresses: ReturnType<Asker['addresses']> }>()

  async function decider(
    request: Pick<Request, 'subject'>,
    by: Actor,
    knownAs: ReturnType<Asker['addresses']>,
  ): Promise<Decider> {
    const [rights, addresses, brake] = await Promise.all([access.rightsOf(by, { fresh: true }), knownAs, brakes.read()])
    return deciderBy(request, by, rights, { inventory, addresses, counted: isCounted(brake, by.id, now()) })
  }

  /** Many presses at once ask the door once. */
  function addressesOf(by: Asker): ReturnType<Asker['addresses']> {
    const kept = known.get(by.id)
    if (kept !== undefined && kept.until > now().getTime()) return kept.addresses
    const addresses = by.addresses()
    known.set(by.id, { until: now().getTime() + believed, addresses })
    addresses.then((found) => found === undefined && known.delete(by.id))
    return addresses
  }

  return {
    /** Somebody who decides now. */
    decider: (request: Pick<Request, 'subject'>, by: Asker) => decider(request, by, addressesOf(by)),

    /** Those who approved a request, as they are now. */
    approvers: ({ approvals, subject }: Request): Promise<Decider[]> =>
      Promise.all(approvals.map(({ by, addresses }) => decider({ subject }, by, Promise.resolve(addresses)))),

    /** Whether somebody may ask for the wipe of a device. */
    async mayAskWipe(by: Actor, device: Device): Promise<boolean> {
      return (await access.rightsOf(by, { fresh: true })).may(device, ...asking)
    },

    /** Whether somebody may ask for a change that was previewed. */
    async mayAskChange(by: Actor, change: MassChange): Promise<boolean> {
      return isHeld(await access.rightsOf(by, { fresh: true }), change, inventory)
    },

    /** Whether somebody may ask for what only Security Administrators look after. */
    async mayAskRights(by: Actor): Promise<boolean> {
      return (await access.rightsOf(by, { fresh: true })).holds('Security.Modify')
    },
  }
}
