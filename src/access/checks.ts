import type { Person } from '../audit/person.ts'
import { BotError } from '../errors.ts'
import { allDevices } from '../inventory/collections.ts'
import type { AccessOptions } from './access.ts'
import type { Holder, RightsChange } from './changes.ts'
import { fullAdministrator, isOnDevices, type Permission } from './permissions.ts'
import type { Assignment, Records, Role } from './records.ts'
import type { Rights } from './rights.ts'

interface Parts extends Pick<AccessOptions, 'inventory' | 'directory' | 'admins'> {
  readonly records: Records
  readonly rightsOf: (person: Person, options?: { fresh?: boolean }) => Promise<Rights>
}

type Change<K extends RightsChange['change']> = Extract<RightsChange, { change: K }>

/** What may choose who approves a wipe: nothing that a phone says of itself. */
const trusted = ['connector', 'user', 'ou']

const refuse = (sentence: string) => new BotError('RIGHTS_REFUSED', sentence)
const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
const permissionsOf = (role: Role) => role.permissions.map(({ permission }) => permission)
const namesOf = (held: readonly Assignment[]) => [...new Set(held.map(({ holder }) => holder.name))].join(', ')

/** What stands in the way of a change of rights. Every refusal is a RIGHTS_REFUSED of one sentence. */
export function createChecks({ inventory, directory, admins, records, rightsOf }: Parts) {
  const { collections } = inventory

  async function holding(permission: Permission): Promise<Assignment[]> {
    const roles = await records.roles()
    const carries = (name: string) =>
      roles.some((role) => role.name === name && permissionsOf(role).includes(permission))
    return (await records.assignments()).filter(({ role }) => carries(role))
  }

  /** Whether two hold Security.Modify; a group counts as more than one, since nobody here sees who joins it. */
  async function hasTwoHolders(): Promise<boolean> {
    const held = await holding('Security.Modify')
    const people = new Set([...admins, ...held.map(({ holder }) => holder.id)])
    return people.size > 1 || held.some(({ holder }) => holder.kind === 'group')
  }

  /** Whether somebody else holds a permission on such a collection; a group counts where Graph tells who is in it. */
  async function isHeldByOther(
    permission: Permission,
    { id }: Pick<Person, 'id'>,
    covers: (collection: string) => boolean,
  ): Promise<boolean> {
    const others = (await holding(permission)).filter(
      ({ holder, collection }) => holder.id !== id && covers(collection),
    )
    return (
      admins.some((admin) => admin !== id) ||
      others.some(({ holder }) => holder.kind === 'person' || directory !== undefined)
    )
  }

  const isHolder = async ({ kind, id }: Holder) =>
    (await holding('Security.Modify')).some(({ holder }) => holder.id === id && holder.kind === kind)

  /** The assignments on a collection, or on one that it limits. */
  const within = async (collection: string) =>
    (await records.assignments()).filter((one) => collections.within(one.collection, collection))

  const heldBy = async ({ holder, role }: Change<'revoke'>) =>
    (await records.ofHolder(holder)).filter((one) => role === undefined || same(one.role, role))

  function collectionOf(name: string) {
    const found = collections.get(name)
    if (found === undefined) throw refuse(`There is no collection “${name}”; “collections” shows those there are.`)
    return found
  }

  async function customRole(name: string): Promise<Role> {
    const role = await records.role(name)
    if (role.origin !== 'custom')
      throw refuse(`${role.name} is built in; copy it first, for example “role-copy "${role.name}" "My role"”.`)
    return role
  }

  /** Everybody whose rights a change touches. */
  async function affected(change: RightsChange): Promise<readonly Holder[]> {
    switch (change.change) {
      case 'grant':
      case 'revoke':
        return [change.holder]
      case 'role-edit':
      case 'role-remove':
        return (await records.ofRole((await records.role(change.name)).name)).map(({ holder }) => holder)
      case 'collection-edit':
        return (await within(change.collection.name)).map(({ holder }) => holder)
      case 'collection-remove':
        return (await within(change.name)).map(({ holder }) => holder)
      case 'role-copy':
      case 'collection-add':
        return []
    }
  }

  /** Nobody changes their own rights, through a group neither. */
  async function assertNotOwn(change: RightsChange, person: Person): Promise<void> {
    const ids = [...new Set((await affected(change)).map(({ id }) => id))]
    const groups = ids.length === 0 || directory === undefined ? [] : await directory.groupsOf(person.id, ids)
    if (ids.includes(person.id) || groups.length > 0)
      throw refuse(
        'Nobody changes their own rights, or approves a change of them; that is for another Security Administrator.',
      )
  }

  /** Where nobody else could look, nobody gives away what they do not have themselves. */
  async function assertHeld(rights: Rights, wanted: readonly Permission[], collection: string): Promise<void> {
    if (await hasTwoHolders()) return
    const isHeld = (permission: Permission) =>
      rights.reach(permission).some((held) => !isOnDevices(permission) || collections.within(collection, held))
    const missing = wanted.find((permission) => !isHeld(permission))
    if (missing !== undefined)
      throw refuse(`You do not hold ${missing} on ${collection} yourself, and nobody else could approve this.`)
  }

  /** Approvers are chosen by what the organization says of a device, never by what the device says. */
  function assertTrusted(rules: readonly string[], why: string): void {
    const chosen = new Set(rules.flatMap((rule) => collections.fieldsOf(rule)))
    const foreign = [...chosen].filter((field) => !trusted.includes(field))
    if (foreign.length > 0)
      throw refuse(
        `A collection ${why} may only use ${trusted.join(', ')}, and so may those that limit it, not ${foreign.join(', ')}: a phone must not choose its approvers.`,
      )
  }

  /** The rules of a collection and of all that limit it. */
  function rulesOf(name: string): string[] {
    const { parent, rule } = collectionOf(name)
    return parent === undefined ? [] : [rule, ...rulesOf(parent)]
  }

  /** Where wipes are approved: the role carries DeleteResource. */
  function assertTrustedFor(wanted: readonly Permission[], collection: string): void {
    if (wanted.includes('Collection.DeleteResource')) assertTrusted(rulesOf(collection), 'in which somebody may wipe')
  }

  async function checkGrant(change: Change<'grant'>, rights: Rights): Promise<RightsChange> {
    const role = await records.role(change.role)
    const collection = collectionOf(change.collection).name
    assertTrustedFor(permissionsOf(role), collection)
    await assertHeld(rights, permissionsOf(role), collection)
    return { ...change, role: role.name, collection }
  }

  async function checkRevoke(change: Change<'revoke'>): Promise<RightsChange> {
    if (admins.includes(change.holder.id))
      throw refuse(`${change.holder.name} is an administrator by ADMINS; only the environment can change that.`)
    const leaving = await heldBy(change)
    if (leaving.length === 0) throw refuse(`${change.holder.name} does not hold ${change.role ?? 'any role'}.`)
    await assertFullAdministrator(leaving)
    return change
  }

  /** Somebody must be left who can do everything; who is in a group only Graph knows. */
  async function assertFullAdministrator(leaving: readonly Assignment[]): Promise<void> {
    const isFull = ({ role, collection }: Assignment) => role === fullAdministrator && collection === allDevices
    const counts = ({ holder }: Assignment) => holder.kind === 'person' || directory !== undefined
    if (admins.length > 0 || !leaving.some(isFull)) return
    const full = (await records.assignments()).filter((one) => isFull(one) && counts(one))
    if (full.every((one) => leaving.some(({ holder }) => holder.id === one.holder.id)))
      throw refuse(`The last ${fullAdministrator} stays; grant the role to somebody else first.`)
  }

  async function checkRoleEdit(change: Change<'role-edit'>, rights: Rights): Promise<RightsChange> {
    const { name } = await customRole(change.name)
    for (const { collection } of await records.ofRole(name)) {
      assertTrustedFor(change.add, collection)
      await assertHeld(rights, change.add, collection)
    }
    return { ...change, name }
  }

  async function checkRoleRemove(change: Change<'role-remove'>): Promise<RightsChange> {
    const { name } = await customRole(change.name)
    const held = await records.ofRole(name)
    if (held.length > 0) throw refuse(`${namesOf(held)} still hold ${name}; revoke it first.`)
    return { ...change, name }
  }

  async function checkRoleCopy(change: Change<'role-copy'>): Promise<RightsChange> {
    const taken = (await records.roles()).find(({ name }) => same(name, change.name))
    if (taken !== undefined) throw refuse(`There is a role “${taken.name}” already.`)
    return { ...change, role: (await records.role(change.role)).name }
  }

  async function checkCollection(
    change: Change<'collection-add'> | Change<'collection-edit'>,
    rights: Rights,
  ): Promise<RightsChange> {
    const { name, rule, approvals } = change.collection
    const known = collections.get(name)
    if (known?.parent === undefined && known !== undefined) throw refuse(`${allDevices} stays as it is.`)
    if (change.change === 'collection-add' && known !== undefined)
      throw refuse(`There is a collection “${known.name}” already; “collection-edit” changes it.`)
    const collection = {
      ...change.collection,
      name: change.change === 'collection-add' ? name : collectionOf(name).name,
      parent: collectionOf(change.collection.parent).name,
    }
    if (collections.within(collection.parent, collection.name))
      throw refuse(`${collection.parent} is limited to ${collection.name} itself; choose another parent.`)
    collections.check(collection)
    const rules = [rule, ...rulesOf(collection.parent)]
    const inside = collections.list().filter((one) => collections.within(one.name, collection.name))
    if (approvals !== undefined || inside.some((one) => one.approvals !== undefined))
      assertTrusted(rules, 'with approvals:')
    const roles = await records.roles()
    for (const { role } of await within(collection.name)) {
      const wanted = roles.filter((one) => one.name === role).flatMap(permissionsOf)
      if (wanted.includes('Collection.DeleteResource')) assertTrusted(rules, 'in which somebody may wipe')
      await assertHeld(rights, wanted, collection.parent)
    }
    return { ...change, collection }
  }

  async function checkCollectionRemove(change: Change<'collection-remove'>): Promise<RightsChange> {
    const { name, parent } = collectionOf(change.name)
    if (parent === undefined) throw refuse(`${allDevices} stays as it is.`)
    const held = (await records.assignments()).filter(({ collection }) => collection === name)
    if (held.length > 0) throw refuse(`${namesOf(held)} hold roles on ${name}; revoke them first.`)
    const inside = collections.list().filter((one) => one.parent === name)
    if (inside.length > 0)
      throw refuse(`${inside.map((one) => one.name).join(', ')} are limited to ${name}; remove them first.`)
    return { ...change, name }
  }

  return {
    hasTwoHolders,
    isHeldByOther,
    isHolder,
    heldBy,

    /** The change with the names of what is there, where somebody may wish or approve it as things are. */
    async check(change: RightsChange, person: Person): Promise<RightsChange> {
      await assertNotOwn(change, person)
      const rights = await rightsOf(person, { fresh: true })
      switch (change.change) {
        case 'grant':
          return checkGrant(change, rights)
        case 'revoke':
          return checkRevoke(change)
        case 'role-copy':
          return checkRoleCopy(change)
        case 'role-edit':
          return checkRoleEdit(change, rights)
        case 'role-remove':
          return checkRoleRemove(change)
        case 'collection-add':
        case 'collection-edit':
          return checkCollection(change, rights)
        case 'collection-remove':
          return checkCollectionRemove(change)
      }
    },
  }
}
