import type { Person } from '../audit/person.ts'
import { BotError } from '../errors.ts'
import { allDevices } from '../inventory/collections.ts'
import type { AccessOptions } from './access.ts'
import type { Holder, RightsChange } from './changes.ts'
import type { Permission } from './permissions.ts'
import { type Assignment, fullAdministrator, type Records, type Role } from './records.ts'
import type { Rights } from './rights.ts'

interface Parts extends AccessOptions {
  readonly records: Records
  readonly rightsOf: (person: Person, options?: { fresh?: boolean }) => Promise<Rights>
}

/** What may choose who approves a wipe: nothing that a phone says of itself. */
const trusted = ['connector', 'user', 'ou']

const refuse = (sentence: string) => new BotError('RIGHTS_REFUSED', sentence)

/** Changes of rights: whether somebody may wish one, whether it needs a second person, and how it is made. */
export function createManagement({
  inventory,
  directory,
  tenant,
  admins,
  secondPerson,
  now,
  records,
  rightsOf,
}: Parts) {
  const { assignments, customRoles } = records
  const { collections } = inventory

  async function holding(permission: Permission): Promise<Assignment[]> {
    const roles = await records.roles()
    const names = roles
      .filter((role) => role.permissions.some((one) => one.permission === permission))
      .map(({ name }) => name)
    return (await assignments.list()).filter(({ role }) => names.includes(role))
  }

  /** Whether two hold Security.Modify; a group counts as more than one, since nobody here sees who joins it. */
  async function hasTwoHolders(): Promise<boolean> {
    const held = await holding('Security.Modify')
    const people = new Set([...admins, ...held.map(({ holder }) => holder.id)])
    return people.size > 1 || held.some(({ holder }) => holder.kind === 'group')
  }

  /** Everybody whose rights a change touches. */
  async function affected(change: RightsChange): Promise<Holder[]> {
    const all = await assignments.list()
    switch (change.change) {
      case 'grant':
      case 'revoke':
        return [change.holder]
      case 'role-edit':
      case 'role-remove':
        return all.filter(({ role }) => role === change.name).map(({ holder }) => holder)
      case 'collection-edit':
      case 'collection-remove': {
        const name = change.change === 'collection-edit' ? change.collection.name : change.name
        return all.filter(({ collection }) => collections.within(collection, name)).map(({ holder }) => holder)
      }
      case 'role-copy':
      case 'collection-add':
        return []
    }
  }

  /** Nobody changes their own rights, through a group neither. */
  async function assertNotOwn(change: RightsChange, person: Person): Promise<void> {
    const holders = await affected(change)
    const groups = holders.filter(({ kind }) => kind === 'group').map(({ id }) => id)
    const own = groups.length > 0 && directory !== undefined ? await directory.groupsOf(person.id, groups) : []
    if (holders.some(({ id }) => id === person.id || own.includes(id)))
      throw refuse('Nobody changes their own rights; ask another Security Administrator.')
  }

  /** Where nobody else could look, nobody gives away what they do not have themselves. */
  function assertHeld(rights: Rights, wanted: readonly Permission[], collection: string): void {
    const missing = wanted.find((one) => !rights.reach(one).some((held) => collections.within(collection, held)))
    if (missing !== undefined)
      throw refuse(`You do not hold ${missing} on ${collection} yourself, and nobody else could approve this.`)
  }

  /** Approvers are chosen by what the organization says of a device, never by what the device says. */
  function assertTrusted(rule: string, why: string): void {
    const chosen = collections.fieldsOf(rule).filter((field) => !trusted.includes(field))
    if (chosen.length > 0)
      throw refuse(
        `A collection ${why} may only use ${trusted.join(', ')}, not ${chosen.join(', ')}: a phone must not choose its approvers.`,
      )
  }

  function collectionOf(name: string) {
    const found = collections.get(name)
    if (found === undefined) throw refuse(`There is no collection “${name}”; “collections” shows those there are.`)
    return found
  }

  /** The rules of a collection and of all that limit it. */
  function rulesOf(name: string): string[] {
    const { parent, rule } = collectionOf(name)
    return parent === undefined ? [] : [rule, ...rulesOf(parent)]
  }

  const permissionsOf = (role: Role) => role.permissions.map(({ permission }) => permission)

  async function customRole(name: string): Promise<Role> {
    const role = await records.role(name)
    if (role.origin !== 'custom')
      throw refuse(`${role.name} is built in; copy it first, for example “role-copy "${role.name}" "My role"”.`)
    return role
  }

  async function checkGrant(rights: Rights, role: Role, collection: string): Promise<void> {
    if (permissionsOf(role).includes('Collection.DeleteResource'))
      for (const rule of rulesOf(collection)) assertTrusted(rule, 'whose members somebody may wipe')
    if (!(await hasTwoHolders())) assertHeld(rights, permissionsOf(role), collection)
  }

  /** Who may wipe in a collection, or in one within it. */
  async function canWipe(collection: string): Promise<boolean> {
    const held = await holding('Collection.DeleteResource')
    return held.some((one) => collections.within(one.collection, collection))
  }

  /** Whether the change can be made as things are. Throws RIGHTS_REFUSED, one sentence. */
  async function check(change: RightsChange, person: Person): Promise<void> {
    await assertNotOwn(change, person)
    const rights = await rightsOf(person, { fresh: true })
    switch (change.change) {
      case 'grant':
        return checkGrant(rights, await records.role(change.role), collectionOf(change.collection).name)
      case 'revoke': {
        const held = await assignments.list({ index: 'holder', value: change.holder.id })
        if (admins.includes(change.holder.id))
          throw refuse(`${change.holder.name} is an administrator by ADMINS; only the environment can change that.`)
        if (!held.some(({ role }) => change.role === undefined || role === change.role))
          throw refuse(`${change.holder.name} does not hold that.`)
        return assertFullAdministrator(held.filter(({ role }) => change.role === undefined || role === change.role))
      }
      case 'role-copy':
        if ((await records.roles()).some(({ name }) => name.toLowerCase() === change.name.toLowerCase()))
          throw refuse(`There is a role “${change.name}” already.`)
        await records.role(change.role)
        return
      case 'role-edit': {
        const role = await customRole(change.name)
        if (!(await hasTwoHolders())) assertHeld(rights, change.add, allDevices)
        if (change.add.includes('Collection.DeleteResource'))
          for (const { collection } of await assignments.list({ index: 'role', value: role.name }))
            for (const rule of rulesOf(collection)) assertTrusted(rule, 'whose members somebody may wipe')
        return
      }
      case 'role-remove': {
        const role = await customRole(change.name)
        const holders = await assignments.list({ index: 'role', value: role.name })
        if (holders.length > 0)
          throw refuse(
            `${holders.map(({ holder }) => holder.name).join(', ')} still hold ${role.name}; revoke it first.`,
          )
        return
      }
      case 'collection-add':
      case 'collection-edit': {
        const { name, rule, approvals } = change.collection
        collections.check(change.collection)
        const exists = collections.get(name) !== undefined
        if (change.change === 'collection-add' && exists)
          throw refuse(`There is a collection “${name}” already; “collection-edit” changes it.`)
        if (change.change === 'collection-edit' && !exists) collectionOf(name)
        if (approvals !== undefined) assertTrusted(rule, 'with approvals:')
        if (await canWipe(name)) assertTrusted(rule, 'whose members somebody may wipe')
        return
      }
      case 'collection-remove': {
        const { name } = collectionOf(change.name)
        const used = (await assignments.list()).filter(({ collection }) => collection === name)
        if (name === allDevices) throw refuse(`${allDevices} stays.`)
        if (used.length > 0)
          throw refuse(`${used.map(({ holder }) => holder.name).join(', ')} hold roles on ${name}; revoke them first.`)
        const inside = collections.list().filter(({ parent }) => parent === name)
        if (inside.length > 0)
          throw refuse(`${inside.map((one) => one.name).join(', ')} are limited to ${name}; remove them first.`)
        return
      }
    }
  }

  /** Somebody must be left who can do everything. */
  async function assertFullAdministrator(leaving: readonly Assignment[]): Promise<void> {
    const isFull = ({ role, collection }: Assignment) => role === fullAdministrator && collection === allDevices
    if (admins.length > 0 || !leaving.some(isFull)) return
    const left = (await assignments.list()).filter(isFull).length - leaving.filter(isFull).length
    if (left < 1) throw refuse('The last Full Administrator stays; grant the role to somebody else first.')
  }

  return {
    hasTwoHolders,

    /** Whether a change takes effect only when a second holder of Security.Modify approves it. */
    async needsSecond(change: RightsChange): Promise<boolean> {
      if (!secondPerson) return false
      if (!(await records.everHadTwoHolders()) && !(await hasTwoHolders())) return false
      await records.hasTwoHolders()
      if (change.change !== 'revoke') return true
      return (await holding('Security.Modify')).some(({ holder }) => holder.id === change.holder.id)
    },

    checkChange: check,

    /** Makes a change that was checked. Throws RIGHTS_REFUSED when it cannot be made any more. */
    async applyChange(change: RightsChange, by: Person): Promise<void> {
      await check(change, by)
      const at = now().toISOString()
      switch (change.change) {
        case 'grant': {
          const role = await records.role(change.role)
          await records.assign(change.holder, role.name, collectionOf(change.collection).name, at)
          break
        }
        case 'revoke':
          for (const one of await assignments.list({ index: 'holder', value: change.holder.id }))
            if (change.role === undefined || one.role === change.role) await records.remove(one)
          break
        case 'role-copy': {
          const { name: copiedFrom, permissions } = await records.role(change.role)
          const since = permissions.map(({ permission }) => ({ permission, since: at }))
          await customRoles.put(change.name, { name: change.name, copiedFrom, permissions: since })
          break
        }
        case 'role-edit':
          await customRoles.update((await customRole(change.name)).name, (role) => {
            if (role === undefined) return role
            const kept = role.permissions.filter(({ permission }) => !change.remove.includes(permission))
            const added = change.add.filter((permission) => !kept.some((one) => one.permission === permission))
            return { ...role, permissions: [...kept, ...added.map((permission) => ({ permission, since: at }))] }
          })
          break
        case 'role-remove':
          await customRoles.delete((await customRole(change.name)).name)
          break
        case 'collection-add':
        case 'collection-edit':
          await collections.put(change.collection)
          break
        case 'collection-remove':
          await collections.remove(change.name)
          break
      }
      if (await hasTwoHolders()) await records.hasTwoHolders()
    },

    /** Everybody who holds a permission by name, for telling them; members of groups are not listed here. */
    async holdersOf(permission: Permission): Promise<Person[]> {
      const held = await holding(permission)
      const ids = new Set([
        ...admins,
        ...held.filter(({ holder }) => holder.kind === 'person').map(({ holder }) => holder.id),
      ])
      return [...ids].map((id) => ({ tenant, id }))
    },

    /** Somebody as people name them: an object id, a UPN, or `group:` and an object id. Throws RIGHTS_REFUSED. */
    async holder(words: string): Promise<Holder> {
      const [, prefix, rest = ''] = /^(group:)?\s*(.*)$/i.exec(words.trim()) ?? []
      const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(rest) ? rest.toLowerCase() : undefined
      const known = (await assignments.list()).find(({ holder }) => holder.id === id)?.holder
      if (known !== undefined) return known
      const group = id === undefined ? undefined : await directory?.group(id)
      if (group !== undefined) return { kind: 'group', ...group }
      if (prefix !== undefined && id !== undefined && directory === undefined)
        return { kind: 'group', id, name: `group ${id}` }
      const account = prefix === undefined ? await directory?.account(rest) : undefined
      if (account !== undefined) return { kind: 'person', id: account.id, name: account.name }
      const owner =
        prefix === undefined
          ? inventory
              .people(rest, [allDevices])
              .find(
                ({ entraId, upn, mail }) =>
                  entraId !== undefined &&
                  [entraId, upn?.toLowerCase(), mail?.toLowerCase()].includes(rest.toLowerCase()),
              )
          : undefined
      if (owner?.entraId !== undefined) return { kind: 'person', id: owner.entraId, name: owner.displayName }
      if (id !== undefined && prefix === undefined && directory === undefined) return { kind: 'person', id, name: id }
      throw refuse(
        `I do not know “${rest}”; name a person by mention, object id or address, or a group as group:<object id>.`,
      )
    },
  }
}
