import { BotError } from '../errors.ts'
import type { Definition } from './store.ts'

/** A document as it lies in any store. */
export interface Stored {
  readonly schema: number
  readonly document: unknown
}

/** What is shared by all who read it can be changed by none. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(value).forEach(freeze)
  return Object.freeze(value)
}

/** A document as it will be read after a restart, shared with nobody. */
export const copyOf = <T>({ schema }: Definition<T>, document: T): T =>
  schema.parse(JSON.parse(JSON.stringify(document)))

/** The names of a definition's indexes, and the values under which they find a document. */
export const entriesOf = <T>(indexes: Definition<T>['indexes'] = {}, document: T) =>
  Object.entries(indexes).flatMap(([name, read]) =>
    [read(document) ?? []].flat().map((value) => [name, value] as const),
  )

/** Says where something lies that cannot be read. */
export const damaged = (where: string, cause: unknown) =>
  new BotError('STORE_FOREIGN', `${where} is damaged or cannot be read; restore it from a backup`, { cause })

/** Brings a stored document up to this version. Throws STORE_FOREIGN, which says where it lies. */
export function bringUp<T>({ schema, version, upgrade }: Definition<T>, where: string, stored: Stored): T {
  const { schema: from, document } = stored
  if (from > version)
    throw new BotError('STORE_FOREIGN', `${where} was written by a newer Device Desk (schema ${from}); start that one`)
  try {
    return schema.parse(from < version && upgrade ? upgrade(document, from) : document)
  } catch (cause) {
    throw damaged(where, cause)
  }
}
