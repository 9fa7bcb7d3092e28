import type { Collection, Definition, Store } from './store.ts'

/**
 * A store that tells of which collection or log there is something else now. What other processes change is told as well,
 * but not what they append to logs.
 */
export function watched(store: Store, told: (name: string) => void): Store {
  return {
    ...store,

    async open<T>(definition: Definition<T>): Promise<Collection<T>> {
      const collection = await store.open(definition)
      const tell = () => told(definition.name)
      collection.follow(tell)
      return {
        ...collection,
        async put(id, document) {
          await collection.put(id, document)
          tell()
        },
        async delete(id) {
          await collection.delete(id)
          tell()
        },
        async update(id, change) {
          let isOther = false
          const document = await collection.update(id, (old) => {
            const next = change(old)
            isOther = next !== old
            return next
          })
          if (isOther) tell()
          return document
        },
      }
    },

    async append(log, make) {
      const line = await store.append(log, make)
      told(log)
      return line
    },
  }
}
