import { BotError } from '../errors.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Holder } from './changes.ts'
import type { Directory } from './directory.ts'

const objectId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const nobody = /^[0-]+$/

interface HolderParts {
  readonly inventory: Pick<Inventory, 'people' | 'person'>
  readonly directory: Directory | undefined
}

/**
 * Somebody as people name them: a mention, which comes as an object id; a UPN or mail address; or a group, as `group:` and an
 * object id. Throws RIGHTS_REFUSED where nobody is known by that.
 */
export async function findHolder(words: string, parts: HolderParts): Promise<Holder> {
  const [, prefix, name = ''] = /^(group:)?\s*(.*)$/.exec(words.trim().toLowerCase()) ?? []
  const isId = objectId.test(name) && !nobody.test(name)
  const person = prefix === undefined ? await findPerson(name, isId, parts) : undefined
  const holder = person ?? (isId ? await findGroup(name, prefix !== undefined, parts) : undefined)
  if (holder !== undefined) return holder
  throw refuse(
    `I do not know “${words}”; name a person by mention, object id or address, or a group as group:<object id>.`,
  )
}

/** By Graph; where it is not set up, by the mailboxes, which Exchange names to Entra ID, or by the object id alone. */
async function findPerson(
  name: string,
  isId: boolean,
  { inventory, directory }: HolderParts,
): Promise<Holder | undefined> {
  if (directory !== undefined) {
    const account = isId || name.includes('@') ? await directory.account(name) : undefined
    if (account?.guest) throw refuse(`${account.name} is a guest, and guests hold no roles.`)
    return account && { kind: 'person', id: account.id, name: account.name }
  }
  if (isId) return { kind: 'person', id: name, name: inventory.person(name)?.displayName ?? name }
  const owner = inventory
    .people(name, [allDevices])
    .find(({ upn, mail }) => [upn, mail].some((address) => address?.toLowerCase() === name))
  return owner?.entraId === undefined ? undefined : { kind: 'person', id: owner.entraId, name: owner.displayName }
}

/** Without Graph nobody can tell whether it is a group, nor who is in it: then it must be said, and gives nothing yet. */
async function findGroup(id: string, said: boolean, { directory }: HolderParts): Promise<Holder | undefined> {
  const group = directory === undefined ? said && { id, name: `group ${id}` } : await directory.group(id)
  return group ? { kind: 'group', ...group } : undefined
}

const refuse = (sentence: string) => new BotError('RIGHTS_REFUSED', sentence)
