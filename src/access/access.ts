import type { Person } from '../audit/person.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Store } from '../store/store.ts'
import type { Holder } from './changes.ts'
import type { Account, Directory } from './directory.ts'
import { createManagement } from './management.ts'
import { type Assignment, ever, fullAdministrator, openRecords } from './records.ts'
import { type Grant, type Rights, rightsOf } from './rights.ts'

export interface AccessOptions {
  readonly store: Store
  readonly inventory: Inventory
  /** Microsoft Graph, where it is set up. */
  readonly directory: Directory | undefined
  /** The Entra tenant whose people may hold anything. */
  readonly tenant: string
  /** Full Administrators by the environment: the way back in. */
  readonly admins: readonly string[]
  /** Who holds what in a store where nothing was granted yet. */
  readonly first: readonly { readonly holder: Holder; readonly role: string }[]
  /** Whether a change of rights needs a second person; only the environment can say no. */
  readonly secondPerson: boolean
  /** Hours until a new right counts for approving. */
  readonly restHours: number
  readonly now: () => Date
}

export type Access = Awaited<ReturnType<typeof createAccess>>

/** How long the groups of a person are believed, in milliseconds. */
const believed = 5 * 60_000

/** Who may do what: roles on collections. Somebody unknown holds nothing, and so does everybody where nothing was granted. */
export async function createAccess(options: AccessOptions) {
  const { store, inventory, directory, tenant, admins, first, restHours, now } = options
  const records = await openRecords(store)
  const { assignments } = records
  const kept = new Map<string, { readonly at: number; readonly groups: readonly string[] }>()

  if ((await assignments.list()).length === 0)
    for (const { holder, role } of first) await records.assign(holder, role, allDevices, ever)

  /** Groups with roles that somebody is in; `undefined` when that cannot be known. */
  async function groupsOf(person: string, fresh: boolean): Promise<readonly string[] | undefined> {
    const granted = await assignments.list({ index: 'kind', value: 'group' })
    if (granted.length === 0) return []
    const known = kept.get(person)
    if (!fresh && known !== undefined && now().getTime() - known.at < believed) return known.groups
    const groups = await directory
      ?.groupsOf(person, [...new Set(granted.map(({ holder }) => holder.id))])
      .catch(() => undefined)
    if (groups !== undefined) kept.set(person, { at: now().getTime(), groups })
    return groups
  }

  /** What somebody may do now; `fresh` asks Graph anew, as everything that destroys or decides must. */
  async function rights(person: Person, { fresh = false } = {}): Promise<Rights> {
    const restedBefore = new Date(now().getTime() - restHours * 60 * 60_000)
    if (person.tenant !== tenant) return rightsOf([], inventory, restedBefore, false)
    const groups = await groupsOf(person.id, fresh)
    const holders = [person.id, ...(groups ?? [])]
    const held = await Promise.all(holders.map((value) => assignments.list({ index: 'holder', value })))
    const roles = await records.roles()
    const grantOf = ({ holder, role, collection, since }: Assignment): Grant => ({
      role,
      collection,
      group: holder.kind === 'group' ? holder.name : undefined,
      permissions: (roles.find(({ name }) => name === role)?.permissions ?? []).map((one) => ({
        permission: one.permission,
        since: one.since > since ? one.since : since,
      })),
    })
    const grants = [...environment(person.id), ...held.flat()].map(grantOf)
    return rightsOf(grants, inventory, restedBefore, groups === undefined)
  }

  const environment = (id: string): Assignment[] =>
    admins.includes(id)
      ? [{ holder: { kind: 'person', id, name: id }, role: fullAdministrator, collection: allDevices, since: ever }]
      : []

  return {
    rightsOf: rights,
    roles: records.roles,
    assignments: async () => [...admins.flatMap(environment), ...(await assignments.list())],

    /** The account behind a person, asked afresh; `undefined` where Graph is not set up. Throws DIRECTORY_UNREACHABLE. */
    async account(person: Person): Promise<Account | 'none' | undefined> {
      return directory === undefined ? undefined : ((await directory.account(person.id)) ?? 'none')
    },

    ...createManagement({ ...options, records, rightsOf: rights }),
  }
}
