import type { Person } from '../audit/person.ts'
import type { AccessOptions } from './access.ts'
import type { RightsChange } from './changes.ts'
import { createChecks } from './checks.ts'
import { findHolder } from './holders.ts'
import type { Records } from './records.ts'
import type { Rights } from './rights.ts'

interface Parts extends AccessOptions {
  readonly records: Records
  readonly rightsOf: (person: Person, options?: { fresh?: boolean }) => Promise<Rights>
}

/** Changes of rights: whether somebody may wish one, whether it needs a second person, and how it is made. */
export async function createManagement(parts: Parts) {
  const { inventory, secondPerson, now, records } = parts
  const { collections } = inventory
  const checks = createChecks(parts)

  /** Once two hold Security.Modify that is remembered, whatever becomes of them. */
  async function rememberHolders(): Promise<void> {
    if (await checks.hasTwoHolders()) await records.markTwoHolders()
  }

  async function make(change: RightsChange): Promise<void> {
    const at = now().toISOString()
    switch (change.change) {
      case 'grant':
        return records.assign(change.holder, change.role, change.collection, at)
      case 'revoke':
        for (const one of await checks.heldBy(change)) await records.remove(one)
        return
      case 'role-copy': {
        const { name: copiedFrom, permissions } = await records.role(change.role)
        const since = permissions.map(({ permission }) => ({ permission, since: at }))
        return records.customRoles.put(change.name, { name: change.name, copiedFrom, permissions: since })
      }
      case 'role-edit': {
        const { name, add, remove } = change
        await records.customRoles.update(name, (role) => {
          if (role === undefined) return role
          const kept = role.permissions.filter(({ permission }) => !remove.includes(permission))
          const added = add.filter((permission) => !kept.some((one) => one.permission === permission))
          return { ...role, permissions: [...kept, ...added.map((permission) => ({ permission, since: at }))] }
        })
        return
      }
      case 'role-remove':
        return records.customRoles.delete(change.name)
      case 'collection-add':
      case 'collection-edit':
        await records.move(change.collection.name, at)
        return collections.put(change.collection)
      case 'collection-remove':
        return collections.remove(change.name)
    }
  }

  /** Whether everything is as the change would make it. */
  async function isMade(change: RightsChange): Promise<boolean> {
    switch (change.change) {
      case 'grant':
        return (await records.ofHolder(change.holder)).some(
          ({ role, collection }) => role === change.role && collection === change.collection,
        )
      case 'revoke':
        return (await checks.heldBy(change)).length === 0
      case 'role-copy':
        return (await records.customRoles.get(change.name))?.copiedFrom === change.role
      case 'role-edit': {
        const held = (await records.customRoles.get(change.name))?.permissions.map(({ permission }) => permission) ?? []
        return change.add.every((one) => held.includes(one)) && !change.remove.some((one) => held.includes(one))
      }
      case 'role-remove':
        return (await records.customRoles.get(change.name)) === undefined
      case 'collection-add':
      case 'collection-edit': {
        const known = collections.get(change.collection.name)
        const { parent, rule, approvals } = change.collection
        return known?.parent === parent && known.rule === rule && known.approvals === approvals
      }
      case 'collection-remove':
        return collections.get(change.name) === undefined
    }
  }

  await rememberHolders()

  return {
    hasTwoHolders: checks.hasTwoHolders,
    isHeldByOther: checks.isHeldByOther,

    /** Whether a change takes effect only when a second holder of Security.Modify approves it. */
    async needsSecond(change: RightsChange): Promise<boolean> {
      if (!secondPerson || !(await records.everHadTwoHolders())) return false
      return change.change !== 'revoke' || checks.isHolder(change.holder)
    },

    /** The change with the names of what is there. Throws RIGHTS_REFUSED, one sentence, where somebody may not wish or approve it. */
    check: checks.check,

    /** Makes a change that was checked; one that was made already, before a restart, changes nothing. */
    async apply(change: RightsChange, by: Person): Promise<void> {
      if (await isMade(change)) return
      await make(await checks.check(change, by))
      await rememberHolders()
    },

    holder: (words: string) => findHolder(words, parts),
  }
}
