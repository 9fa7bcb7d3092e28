import { entriesOf } from './shape.ts'
import type { Definition } from './store.ts'

/** Finds the ids of documents by the values that a definition's `indexes` give them. */
export function createIndex<T>(indexes: Definition<T>['indexes'] = {}) {
  const byName = new Map(Object.keys(indexes).map((name) => [name, new Map<string, Set<string>>()]))
  /** Under which values an id stands now: what has to go when its document changes. */
  const entries = new Map<string, readonly (readonly [name: string, value: string])[]>()

  const valuesOf = (name: string) => {
    const values = byName.get(name)
    if (!values) throw new Error(`There is no index ${name}.`)
    return values
  }

  return {
    ids: (name: string, value: string): string[] => [...(valuesOf(name).get(value) ?? [])],

    /** Notes what a document says now; `undefined` for one that is gone. */
    set(id: string, document: T | undefined): void {
      for (const [name, value] of entries.get(id) ?? []) {
        const ids = valuesOf(name).get(value)
        ids?.delete(id)
        if (ids?.size === 0) valuesOf(name).delete(value)
      }
      const now = document === undefined ? [] : entriesOf(indexes, document)
      for (const [name, value] of now) {
        const ids = valuesOf(name).get(value) ?? new Set()
        valuesOf(name).set(value, ids.add(id))
      }
      if (now.length > 0) entries.set(id, now)
      else entries.delete(id)
    },
  }
}
