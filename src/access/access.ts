import { z } from 'zod'
import type { Person } from '../audit/person.ts'
import type { Device } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Store } from '../store/store.ts'
import { allDevices, builtInRoles, type Permission } from './permissions.ts'

/** A role on a collection, held by a person or an Entra group. */
const AssignmentSchema = z.object({
  kind: z.enum(['person', 'group']),
  /** Entra object id of the person or group. */
  holder: z.guid().toLowerCase(),
  role: z.string(),
  collection: z.string(),
  since: z.string(),
})

export type Assignment = z.infer<typeof AssignmentSchema>

export interface Rights {
  /** What is held, and what that allows. */
  readonly assignments: readonly (Assignment & { readonly permissions: readonly Permission[] })[]
  /** Whether any of these is held, somewhere. */
  holds(...permissions: readonly Permission[]): boolean
  /** The collections on which any of these is held; empty means nowhere. */
  reach(...permissions: readonly Permission[]): readonly string[]
  /** Whether any of these is held on this device. */
  may(device: Device, ...permissions: readonly Permission[]): boolean
}

export interface AccessOptions {
  readonly store: Store
  readonly inventory: Inventory
  /** The Entra tenant whose people may hold anything. */
  readonly tenant: string
  /** Full Administrators by the environment: the way back in. */
  readonly admins: readonly string[]
  /** What is granted in a store where nothing was granted yet. */
  readonly first: readonly Pick<Assignment, 'holder' | 'role'>[]
  readonly now: () => Date
}

export type Access = Awaited<ReturnType<typeof createAccess>>

/** Who may do what: roles on collections, united; there is no deny, and somebody unknown holds nothing. */
export async function createAccess({ store, inventory, tenant, admins, first, now }: AccessOptions) {
  const stored = await store.open({
    name: 'assignments',
    schema: AssignmentSchema,
    version: 1,
    indexes: { holder: ({ holder }) => holder },
  })
  const assign = ({ holder, role }: Pick<Assignment, 'holder' | 'role'>): Assignment => ({
    kind: 'person',
    holder,
    role,
    collection: allDevices,
    since: now().toISOString(),
  })
  if ((await stored.list()).length === 0) for (const one of first) await stored.put(keyOf(assign(one)), assign(one))

  function rights(assignments: readonly Assignment[]): Rights {
    const roles = new Map(builtInRoles.map((role) => [role.name, role.permissions]))
    const held = assignments.map((one) => ({ ...one, permissions: roles.get(one.role) ?? [] }))
    const reach = (...wanted: readonly Permission[]) => [
      ...new Set(
        held.flatMap(({ permissions, collection }) =>
          permissions.some((one) => wanted.includes(one)) ? collection : [],
        ),
      ),
    ]
    return {
      assignments: held,
      reach,
      holds: (...wanted) => reach(...wanted).length > 0,
      may: (device, ...wanted) => reach(...wanted).some((collection) => inventory.contains(collection, device)),
    }
  }

  return {
    async rightsOf(person: Person): Promise<Rights> {
      if (person.tenant !== tenant) return rights([])
      const own = await stored.list({ index: 'holder', value: person.id })
      const full = admins.includes(person.id) ? [assign({ holder: person.id, role: 'Full Administrator' })] : []
      return rights([...full, ...own])
    },
  }
}

const keyOf = ({ holder, role, collection }: Assignment) => `${holder} ${role} ${collection}`
