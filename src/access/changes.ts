import { z } from 'zod'
import { permissions } from './permissions.ts'

/** Who holds a role: a person or an Entra group, by object id; the name is for showing. */
export const HolderSchema = z.object({
  kind: z.enum(['person', 'group']),
  id: z.guid().toLowerCase(),
  name: z.string(),
})

const name = z.string().trim().min(1).max(100)

const CollectionChange = z.object({
  name,
  parent: name,
  rule: z.string().min(1).max(2000),
  approvals: z.number().int().min(1).max(9).optional(),
})

/** A change of who may do what. */
export const RightsChangeSchema = z.discriminatedUnion('change', [
  z.object({ change: z.literal('grant'), holder: HolderSchema, role: name, collection: name }),
  z.object({ change: z.literal('revoke'), holder: HolderSchema, role: name.optional() }),
  z.object({ change: z.literal('role-copy'), role: name, name }),
  z.object({
    change: z.literal('role-edit'),
    name,
    add: z.array(z.enum(permissions)),
    remove: z.array(z.enum(permissions)),
  }),
  z.object({ change: z.literal('role-remove'), name }),
  z.object({ change: z.literal('collection-add'), collection: CollectionChange }),
  z.object({ change: z.literal('collection-edit'), collection: CollectionChange }),
  z.object({ change: z.literal('collection-remove'), name }),
])

export type Holder = z.infer<typeof HolderSchema>
export type RightsChange = z.infer<typeof RightsChangeSchema>

/** One sentence of what a change does, for its card and for the people who are told. */
export function describeChange(change: RightsChange): string {
  switch (change.change) {
    case 'grant':
      return `Grants ${change.role} on ${change.collection} to ${change.holder.name}.`
    case 'revoke':
      return `Takes ${change.role ?? 'every role'} from ${change.holder.name}.`
    case 'role-copy':
      return `Makes the role ${change.name}, a copy of ${change.role}.`
    case 'role-edit':
      return `Changes the role ${change.name}: ${[...change.add.map((one) => `+${one}`), ...change.remove.map((one) => `-${one}`)].join(', ')}.`
    case 'role-remove':
      return `Removes the role ${change.name}.`
    case 'collection-add':
    case 'collection-edit': {
      const { name, parent, rule, approvals } = change.collection
      const quorum = approvals === undefined ? '' : `, ${approvals} approvals for a wipe`
      return `${change.change === 'collection-add' ? 'Adds' : 'Changes'} the collection ${name} in ${parent}: ${rule}${quorum}.`
    }
    case 'collection-remove':
      return `Removes the collection ${change.name}.`
  }
}
