import { z } from 'zod'
import { BotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type Holder, HolderSchema } from './changes.ts'
import { builtInRoles, type Permission, permissions } from './permissions.ts'

const time = z.iso.datetime()

/** A role on a collection, held by a person or an Entra group. */
const AssignmentSchema = z.object({ holder: HolderSchema, role: z.string(), collection: z.string(), since: time })

const CustomRoleSchema = z.object({
  name: z.string(),
  copiedFrom: z.string(),
  permissions: z.array(z.object({ permission: z.enum(permissions), since: time })),
})

export type Assignment = z.infer<typeof AssignmentSchema>

/** A role as it is now; a built-in one has its permissions since ever. */
export interface Role {
  readonly name: string
  readonly origin: 'documented' | 'ours' | 'custom'
  readonly permissions: readonly { readonly permission: Permission; readonly since: string }[]
}

export const ever = new Date(0).toISOString()

export type Records = Awaited<ReturnType<typeof openRecords>>

/** What is stored of rights. */
export async function openRecords(store: Store) {
  const holderKey = ({ kind, id }: Pick<Holder, 'kind' | 'id'>) => `${kind} ${id}`
  const assignments = await store.open({
    name: 'assignments',
    schema: AssignmentSchema,
    version: 1,
    indexes: { holder: ({ holder }) => holderKey(holder), kind: ({ holder }) => holder.kind, role: ({ role }) => role },
  })
  const customRoles = await store.open({ name: 'roles', schema: CustomRoleSchema, version: 1 })
  const moved = await store.open({ name: 'collections-moved', schema: z.object({ at: time }), version: 1 })
  const site = await store.open({ name: 'site', schema: z.object({ twoHolders: z.boolean() }), version: 1 })
  const keyOf = (holder: Holder, role: string, collection: string) => `${holderKey(holder)} ${role} ${collection}`

  async function roles(): Promise<readonly Role[]> {
    const builtIn = builtInRoles.map(({ name, origin, permissions: all }) => ({
      name,
      origin,
      permissions: all.map((permission) => ({ permission, since: ever })),
    }))
    return [...builtIn, ...(await customRoles.list()).map((role) => ({ ...role, origin: 'custom' as const }))]
  }

  return {
    customRoles,
    roles,
    assignments: () => assignments.list(),
    ofHolder: (holder: Pick<Holder, 'kind' | 'id'>) => assignments.list({ index: 'holder', value: holderKey(holder) }),
    ofGroups: () => assignments.list({ index: 'kind', value: 'group' }),
    ofRole: (role: string) => assignments.list({ index: 'role', value: role }),

    /** By name in any case. Throws RIGHTS_REFUSED that lists the roles there are. */
    async role(name: string): Promise<Role> {
      const all = await roles()
      const found = all.find((role) => role.name.toLowerCase() === name.toLowerCase())
      if (found !== undefined) return found
      const known = all.map((role) => role.name).join(', ')
      throw new BotError('RIGHTS_REFUSED', `There is no role “${name}”; there are ${known}.`)
    },

    async assign(holder: Holder, role: string, collection: string, since: string): Promise<void> {
      const key = keyOf(holder, role, collection)
      await assignments.update(key, (old) => ({ holder, role, collection, since: old?.since ?? since }))
    },

    remove: ({ holder, role, collection }: Assignment) => assignments.delete(keyOf(holder, role, collection)),

    /** Since when a collection holds the devices that it holds by its definition. */
    movedAt: async (collection: string): Promise<string> => (await moved.get(collection.toLowerCase()))?.at ?? ever,
    move: (collection: string, at: string) => moved.put(collection.toLowerCase(), { at }),

    /** Once two held Security.Modify, changes of rights need two for good. */
    everHadTwoHolders: async (): Promise<boolean> => (await site.get('site'))?.twoHolders === true,
    async markTwoHolders(): Promise<void> {
      await site.update('site', (old) => (old?.twoHolders ? old : { twoHolders: true }))
    },
  }
}
