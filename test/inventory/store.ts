import type { Collection, Definition, Store } from '../../src/store/store.ts'

/** What outlives a restart: documents as text, by collection and id. */
export type Disk = Map<string, Map<string, string>>

/** A store in memory that keeps documents as text. `mayWrite` is asked before each write and may throw, as a crash would. */
export function memoryStore(disk: Disk = new Map(), mayWrite: (collection: string) => void = () => {}): Store {
  const notHere = async () => assertNever()
  return {
    shared: undefined,
    async open<T>({ name, schema }: Definition<T>): Promise<Collection<T>> {
      const documents = disk.get(name) ?? new Map<string, string>()
      disk.set(name, documents)
      const read = (text: string | undefined) => (text === undefined ? undefined : schema.parse(JSON.parse(text)))
      async function write(id: string, document: T | undefined) {
        await undefined
        mayWrite(name)
        if (document === undefined) documents.delete(id)
        else documents.set(id, JSON.stringify(schema.parse(JSON.parse(JSON.stringify(document)))))
        await undefined
      }
      return {
        get: async (id) => read(documents.get(id)),
        list: async () => [...documents.keys()].sort().flatMap((id) => read(documents.get(id)) ?? []),
        async *scan() {
          for (const [id, text] of [...documents].reverse()) yield [id, schema.parse(JSON.parse(text))] as const
        },
        ids: async () => [...documents.keys()],
        follow() {},
        put: write,
        delete: (id) => write(id, undefined),
        async update(id, change) {
          const old = read(documents.get(id))
          const next = change(old)
          if (next !== old) await write(id, next)
          return next
        },
      }
    },
    append: notHere,
    read: () => assertNever(),
    readBack: () => assertNever(),
    dropBefore: notHere,
    async close() {},
  }
}

function assertNever(): never {
  throw new Error('the inventory keeps documents only')
}

/** How many bytes of documents there are. */
export const sizeOf = (disk: Disk) =>
  [...disk.values()].reduce(
    (sum, documents) => [...documents.values()].reduce((all, text) => all + text.length, sum),
    0,
  )
