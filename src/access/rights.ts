import type { Device } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
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
  /** Graph could not tell the groups, so these give nothing at present. */
  readonly groupsUnknown: boolean
}

/** Rights on a class that is not the collection's own, such as Site.Modify, hold for the site, whatever the collection. */
function powers(grants: readonly Grant[], inventory: Inventory): Powers {
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
    may: (device, ...wanted) => reach(...wanted).some((collection) => inventory.contains(collection, device)),
  }
}

/** `restedBefore`: what is held since then or longer counts for approving. */
export function rightsOf(
  grants: readonly Grant[],
  inventory: Inventory,
  restedBefore: Date,
  groupsUnknown: boolean,
): Rights {
  const old = restedBefore.toISOString()
  const rested = grants.map((grant) => ({
    ...grant,
    permissions: grant.permissions.filter(({ since }) => since <= old),
  }))
  return { ...powers(grants, inventory), grants, rested: powers(rested, inventory), groupsUnknown }
}
