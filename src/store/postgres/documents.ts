import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { BotError } from '../../errors.ts'
import { bringUp, copyOf, entriesOf, freeze } from '../shape.ts'
import type { Collection, Definition } from '../store.ts'
import type { Turns } from '../turns.ts'
import { createCache } from './cache.ts'
import { type Database, patient } from './database.ts'
import type { Feed } from './feed.ts'
import { createTable, type Row } from './table.ts'

/** How many documents and how many lists of a collection are remembered. */
const mostDocuments = 10_000
const mostLists = 1000

/** How often a change is tried again when another process was faster. */
const mostTries = 100

/**
 * Opens the documents of a definition. What was read is remembered until the feed says that it has changed, and does not
 * count while the feed is not heard. A change is made to what is read anew, and written only over just that.
 */
export async function openDocuments<T>(
  parts: { readonly database: Database; readonly feed: Feed; readonly turns: Turns },
  definition: Definition<T>,
): Promise<Collection<T>> {
  const { database, feed, turns } = parts
  const { name, version, indexes = {} } = definition
  const isResident = definition.resident !== false
  const table = createTable(parts, {
    name,
    ...(isResident ? { limit: database.quick, page: 1000 } : { limit: patient, page: 16 }),
  })
  const documents = createCache<T | undefined>(mostDocuments)
  const lists = createCache<readonly T[]>(mostLists)
  const followers: ((id: string | undefined) => void)[] = []

  const keyOf = (index: string, value: string) => `${name} ${index} ${JSON.stringify(value)}`
  /** What is remembered is shared, and so can be changed by none. */
  const guard = (document: T): T => (isResident ? freeze(document) : document)
  const understand = (row: Row): T => guard(bringUp(definition, `${name}/${row.id}`, row))
  const inTurn = <R>(id: string, job: () => Promise<R>) => turns.inTurn(`${name}/${id}`, job)

  function forget(id: string | undefined): void {
    lists.clear()
    if (id === undefined) documents.clear()
    else documents.forget(id)
  }

  async function write(id: string, document: T | undefined, over: string | 'none' | 'any'): Promise<boolean> {
    try {
      if (document === undefined) return await table.delete(id, over)
      const keys = entriesOf(indexes, document).map(([index, value]) => keyOf(index, value))
      return await table.write(id, { schema: version, document, keys }, over)
    } finally {
      forget(id)
    }
  }

  async function update(id: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const row = await table.get(id)
      const old = row && understand(row)
      const next = change(old)
      if (next === old) return old
      const fresh = next === undefined ? undefined : copyOf(definition, next)
      if (await write(id, fresh, row?.revision ?? 'none')) return fresh === undefined ? undefined : guard(fresh)
      await wait(Math.random() * Math.min(tries, 10))
    }
    throw new BotError('STORE_UNWRITABLE', '', { cause: new Error(`${name}/${id} is changed by others all the time`) })
  }

  /** Documents that are older, or that other indexes were made for, are written anew before anything is found by them. */
  async function bringAllUp(): Promise<void> {
    const schemas = await table.schemas()
    if (schemas && schemas.newest > version)
      throw new BotError(
        'STORE_FOREIGN',
        `${name} was written by a newer Device Desk (schema ${schemas.newest}); start that one`,
      )
    const names = Object.keys(indexes).sort()
    const [before = { indexes: [] }] = await database.query(
      z.object({ indexes: z.array(z.string()) }),
      'select indexes from device_desk.collections where name = $1',
      [name],
    )
    const isOther = before.indexes.join() !== names.join()
    const isOlder = schemas !== undefined && schemas.oldest < version
    if (isOther || (isOlder && (isResident || names.length > 0)))
      for await (const row of table.all(isOther ? undefined : version))
        await write(row.id, understand(row), row.revision)
    await database.query(
      z.unknown(),
      `insert into device_desk.collections (name, indexes) values ($1, $2)
       on conflict (name) do update set indexes = excluded.indexes`,
      [name, names],
    )
  }

  /** Remembers what is read, as long as it is heard when that changes. */
  const remember = <V>(cache: ReturnType<typeof createCache<V>>, key: string, read: () => Promise<V>) =>
    isResident && feed.alive() ? cache.get(key, read) : read()

  await bringAllUp()
  feed.follow(name, (id, by) => {
    forget(id)
    if (by === 'others') for (const told of followers) told(id)
  })

  return {
    get: (id) =>
      remember(documents, id, async () => {
        const row = await table.get(id)
        return row && understand(row)
      }),

    async list(by) {
      if (by && !Object.hasOwn(indexes, by.index)) throw new Error(`There is no index ${by.index}.`)
      const key = by && keyOf(by.index, by.value)
      return remember(lists, key ?? '', async () => Object.freeze((await table.list(key)).map(understand)))
    },

    async *scan() {
      for await (const row of table.all()) yield [row.id, understand(row)]
    },

    ids: table.ids,

    follow: (told) => void followers.push(told),

    async put(id, document) {
      const fresh = copyOf(definition, document)
      await inTurn(id, () => write(id, fresh, 'any'))
    },

    async delete(id) {
      await inTurn(id, () => write(id, undefined, 'any'))
    },

    update: (id, change) => inTurn(id, () => update(id, change)),
  }
}
