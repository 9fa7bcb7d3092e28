import type { Device } from '../inventory/device.ts'
import type { Permission } from './permissions.ts'

/** One role that somebody holds on a collection, and since when each of its permissions counts. */
export interface Grant {
  readonly role: string
  readonly collection: string
  /** The group through which it is held. */
  readonly group: string | undefined
  readonly permissions: readonly { readonly permission: Permission; readonly since: string }[]
}

/** What somebody may do, united over all their grants; there is no deny. */
export interface Powers {
  /** Whether any of these is held, somewhere. */
  holds(...wanted: readonly Permission[]): boolean
  /** The collections on which any of these is held; empty means nowhere. */
  reach(...wanted: readonly Permission[]): readonly string[]
  /** Whether any of these is held on this device. */
  may(device: Device, ...wanted: readonly Permission[]): boolean
}

export interface Rights extends Powers {
  readonly grants: readonly Grant[]
  /** What counts for approving: rights that are new have to rest first, so that nobody makes an accomplice in a hurry. */
  readonly rested: Powers
  readonly standing: Standing['kind']
  /** Mail addresses that Graph knows, lower case. */
  readonly addresses: readonly string[]
}

/** What Entra ID says of somebody, as far as it was asked. Only a member of the tenant may hold anything. */
export type Standing =
  | {
      readonly kind: 'member'
      readonly addresses: readonly string[]
      /** Groups with roles that they are in, and since when that is known. */
      readonly groups: readonly { readonly id: string; readonly since: string }[]
    }
  /** Graph is not set up, or could not tell: then groups give nothing. */
  | { readonly kind: 'notAsked' | 'unreachable' }
  | { readonly kind: 'disabled' | 'guest' | 'stranger' }

/** Says whether a device is in a collection. */
export type Contains = (collection: string, device: Device) => boolean

/** Rights on a class that is not the collection's own, such as Site.Modify, hold for the site, whatever the collection. */
function powers(grants: readonly Grant[], contains: Contains): Powers {
  const reach = (...wanted: readonly Permission[]) => [
    ...new Set(
      grants.flatMap(({ permissions, collection }) =>
        permissions.some(({ permission }) => wanted.includes(permission)) ? collection : [],
      ),
    ),
  ]
  return {
    reach,
    holds: (...wanted) => reach(...wanted).length > 0,
    may: (device, ...wanted) => reach(...wanted).some((collection) => contains(collection, device)),
  }
}

/** `restedSince`: what is held since then or longer counts for approving. */
export function rightsOf(
  standing: Standing,
  grants: readonly Grant[],
  restedSince: string,
  contains: Contains,
): Rights {
  const rested = grants.map((grant) => ({
    ...grant,
    permissions: grant.permissions.filter(({ since }) => since <= restedSince),
  }))
  return {
    ...powers(grants, contains),
    grants,
    rested: powers(rested, contains),
    standing: standing.kind,
    addresses: standing.kind === 'member' ? standing.addresses : [],
  }
}
