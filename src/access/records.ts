import { z } from 'zod'
import { BotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type Holder, HolderSchema } from './changes.ts'
import { builtInRoles, type Permission, permissions } from './permissions.ts'

/** A role on a collection, held by a person or an Entra group. */
const AssignmentSchema = z.object({
  holder: HolderSchema,
  role: z.string(),
  collection: z.string(),
  since: z.iso.datetime(),
})

const PermissionSchema = z.object({ permission: z.enum(permissions), since: z.iso.datetime() })
const CustomRoleSchema = z.object({ name: z.string(), copiedFrom: z.string(), permissions: z.array(PermissionSchema) })

/** Once two people held Security.Modify, changes of rights need two for good. */
const SiteSchema = z.object({ twoHolders: z.boolean() })

export type Assignment = z.infer<typeof AssignmentSchema>

/** A role as it is now; a built-in one has its permissions since ever. */
export interface Role {
  readonly name: string
  readonly origin: 'documented' | 'ours' | 'custom'
  readonly permissions: readonly { readonly permission: Permission; readonly since: string }[]
}

export const fullAdministrator = 'Full Administrator'
export const ever = new Date(0).toISOString()

export type Records = Awaited<ReturnType<typeof openRecords>>

/** What is stored of rights: assignments, the roles that were made here, and whether there ever were two holders. */
export async function openRecords(store: Store) {
  const assignments = await store.open({
    name: 'assignments',
    schema: AssignmentSchema,
    version: 1,
    indexes: { holder: ({ holder }) => holder.id, kind: ({ holder }) => holder.kind, role: ({ role }) => role },
  })
  const customRoles = await store.open({ name: 'roles', schema: CustomRoleSchema, version: 1 })
  const site = await store.open({ name: 'site', schema: SiteSchema, version: 1 })
  const keyOf = (holder: Holder, role: string, collection: string) => `${holder.id} ${role} ${collection}`

  async function roles(): Promise<readonly Role[]> {
    const builtIn = builtInRoles.map(({ name, origin, permissions: all }) => ({
      name,
      origin,
      permissions: all.map((permission) => ({ permission, since: ever })),
    }))
    return [...builtIn, ...(await customRoles.list()).map((role) => ({ ...role, origin: 'custom' as const }))]
  }

  return {
    assignments,
    customRoles,
    roles,

    /** By name in any case. Throws RIGHTS_REFUSED that lists the roles there are. */
    async role(name: string): Promise<Role> {
      const all = await roles()
      const found = all.find((role) => role.name.toLowerCase() === name.toLowerCase())
      if (found !== undefined) return found
      throw new BotError(
        'RIGHTS_REFUSED',
        `There is no role “${name}”; there are ${all.map((role) => role.name).join(', ')}.`,
      )
    },

    async assign(holder: Holder, role: string, collection: string, since: string): Promise<void> {
      const key = keyOf(holder, role, collection)
      await assignments.update(key, (old) => ({ holder, role, collection, since: old?.since ?? since }))
    },

    remove: ({ holder, role, collection }: Assignment) => assignments.delete(keyOf(holder, role, collection)),

    async everHadTwoHolders(): Promise<boolean> {
      return (await site.get('site'))?.twoHolders === true
    },

    hasTwoHolders: () => site.put('site', { twoHolders: true }),
  }
}
