import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BotError } from '../errors.ts'
import { type Folder, temporarySuffix } from './disk.ts'
import { deleteDocument, documentSuffix, fileOf, readDocument, writeDocument } from './document.ts'
import { createIndex } from './indexes.ts'
import { bringUp, copyOf, damaged, freeze } from './shape.ts'
import type { Collection, Definition } from './store.ts'
import type { Turns } from './turns.ts'

/** How many files are read side by side. */
const readAhead = 8

/** Opens the collection that lies in a folder. Every access to its files takes its turn. */
export async function openCollection<T>(
  folder: Folder,
  definition: Definition<T>,
  turns: Turns,
): Promise<Collection<T>> {
  const { name, version } = definition
  const resident = definition.resident === false ? undefined : new Map<string, T>()
  const index = createIndex(definition.indexes)

  const filesWith = async (suffix: string) =>
    (await readdir(folder.path)).filter((file) => file.endsWith(suffix)).sort()

  /** What is on disk, brought up to this version. */
  async function load(file: string) {
    const where = `${name}/${file}`
    const stored = await turns
      .withRoom(() => readDocument(folder, file))
      .catch((cause) => {
        throw damaged(where, cause)
      })
    return stored ? { id: stored.id, from: stored.schema, document: bringUp(definition, where, stored) } : undefined
  }

  async function* loadAll() {
    const files = await filesWith(documentSuffix)
    for (let at = 0; at < files.length; at += readAhead) {
      const loaded = await Promise.all(files.slice(at, at + readAhead).map(load))
      yield* loaded.filter((one) => one !== undefined)
    }
  }

  function remember(id: string, document: T | undefined) {
    index.set(id, document)
    if (document === undefined) resident?.delete(id)
    else resident?.set(id, freeze(document))
  }

  const inTurn = <R>(id: string, job: () => Promise<R>) => turns.inTurn(`${name}/${id}`, job)

  async function write(id: string, document: T | undefined): Promise<T | undefined> {
    try {
      if (document === undefined) await turns.withRoom(() => deleteDocument(folder, id))
      else await turns.withRoom(() => writeDocument(folder, { schema: version, id, document }))
    } catch (cause) {
      throw new BotError('STORE_UNWRITABLE', '', { cause })
    }
    remember(id, document)
    return document
  }

  const read = async (id: string) => (resident ? resident.get(id) : (await load(fileOf(id)))?.document)

  async function readAll(): Promise<[id: string, document: T][]> {
    if (resident) return [...resident]
    const all: [string, T][] = []
    for await (const { id, document } of loadAll()) all.push([id, document])
    return all
  }

  for (const file of await filesWith(temporarySuffix)) await rm(join(folder.path, file))
  if (resident || definition.indexes) {
    for await (const { id, from, document } of loadAll()) {
      if (from < version) await write(id, document)
      else remember(id, document)
    }
  }

  return {
    get: read,

    async list(by) {
      if (!by) return (await readAll()).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, document]) => document)
      const found = await Promise.all(index.ids(by.index, by.value).sort().map(read))
      return found.filter((document) => document !== undefined)
    },

    async *scan() {
      if (resident) yield* resident
      else for await (const { id, document } of loadAll()) yield [id, document]
    },

    ids: async () => (await readAll()).map(([id]) => id),

    follow() {
      // Nobody else changes anything.
    },

    async put(id, document) {
      const fresh = copyOf(definition, document)
      await inTurn(id, () => write(id, fresh))
    },

    async delete(id) {
      await inTurn(id, () => write(id, undefined))
    },

    update: (id, change) =>
      inTurn(id, async () => {
        const old = await read(id)
        const next = change(old)
        if (next === old) return old
        return write(id, next === undefined ? undefined : copyOf(definition, next))
      }),
  }
}
