import type { Person } from '../audit/person.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Store } from '../store/store.ts'
import type { Holder } from './changes.ts'
import type { Directory } from './directory.ts'
import { createManagement } from './management.ts'
import { fullAdministrator, isOnDevices } from './permissions.ts'
import { type Assignment, ever, openRecords, type Role } from './records.ts'
import { type Grant, type Rights, rightsOf } from './rights.ts'
import { createStandings } from './standing.ts'

export interface AccessOptions {
  readonly store: Store
  readonly inventory: Pick<Inventory, 'collections' | 'contains' | 'people' | 'person'>
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

const hour = 60 * 60_000

const latest = (...times: readonly string[]) => times.toSorted().at(-1) ?? ever

/** Who may do what: roles on collections. Somebody unknown holds nothing, and so does everybody where nothing was granted. */
export async function createAccess(options: AccessOptions) {
  const { store, inventory, directory, tenant, admins, first, restHours, now } = options
  const records = await openRecords(store)
  const groupsWithRoles = async () => [...new Set((await records.ofGroups()).map(({ holder }) => holder.id))]
  const standingOf = await createStandings({ store, directory, groupsWithRoles, now })

  if ((await records.assignments()).length === 0)
    for (const { holder, role } of first) await records.assign(holder, role, allDevices, ever)

  /** Full Administrators by the environment. */
  const environment: readonly Assignment[] = [...new Set(admins)].map((id) => ({
    holder: { kind: 'person', id, name: id },
    role: fullAdministrator,
    collection: allDevices,
    since: ever,
  }))

  /** What may be done to devices counts since the collection, or one that limits it, was last defined anew. */
  async function definedAt(collection: string): Promise<string> {
    const parent = inventory.collections.get(collection)?.parent
    const own = await records.movedAt(collection)
    return parent === undefined ? own : latest(own, await definedAt(parent))
  }

  async function grantOf(assignment: Assignment, memberSince: string, roles: readonly Role[]): Promise<Grant> {
    const { holder, role, collection } = assignment
    const held = latest(assignment.since, memberSince)
    const onDevices = latest(held, await definedAt(collection))
    const { permissions = [] } = roles.find(({ name }) => name === role) ?? {}
    return {
      role,
      collection,
      group: holder.kind === 'group' ? holder.name : undefined,
      permissions: permissions.map(({ permission, since }) => ({
        permission,
        since: latest(since, isOnDevices(permission) ? onDevices : held),
      })),
    }
  }

  /** What somebody may do now; `fresh` asks Graph anew, as all that wipes or decides must, and throws DIRECTORY_UNREACHABLE. */
  async function rights(person: Person, { fresh = false } = {}): Promise<Rights> {
    const standing = person.tenant === tenant ? await standingOf(person, { fresh }) : ({ kind: 'stranger' } as const)
    const nobody = standing.kind === 'stranger' || standing.kind === 'guest' || standing.kind === 'disabled'
    const roles = await records.roles()
    const own = [
      ...environment.filter(({ holder }) => holder.id === person.id),
      ...(await records.ofHolder({ kind: 'person', id: person.id })),
    ].map((one) => grantOf(one, ever, roles))
    const groups = standing.kind === 'member' ? standing.groups : []
    const throughGroups = groups.map(async ({ id, since }) =>
      Promise.all((await records.ofHolder({ kind: 'group', id })).map((one) => grantOf(one, since, roles))),
    )
    const grants = nobody ? [] : [...(await Promise.all(own)), ...(await Promise.all(throughGroups)).flat()]
    return rightsOf(standing, grants, restedSince(), inventory.contains)
  }

  const restedSince = () => new Date(now().getTime() - restHours * hour).toISOString()

  return {
    rightsOf: rights,
    roles: records.roles,
    assignments: async (): Promise<readonly Assignment[]> => [...environment, ...(await records.assignments())],
    /** When a right that counts since a time begins to count for approving; undefined when it does already. */
    restsUntil: (since: string): Date | undefined =>
      since <= restedSince() ? undefined : new Date(Date.parse(since) + restHours * hour),
    /** The account of a mailbox's owner whom Exchange does not name to Entra ID. Throws DIRECTORY_UNREACHABLE. */
    accountAt: async (address: string): Promise<string | undefined> => (await directory?.account(address))?.id,
    ...(await createManagement({ ...options, records, rightsOf: rights })),
  }
}
