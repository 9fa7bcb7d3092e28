/** Values that are read once and then remembered. Whoever asks after a value was forgotten has it read anew. */
export function createCache<T>(most: number) {
  const values = new Map<string, Promise<T>>()

  return {
    /** The remembered value, or the one that `load` finds now. */
    get(key: string, load: () => Promise<T>): Promise<T> {
      const known = values.get(key)
      if (known !== undefined) return known
      const value = load()
      values.set(key, value)
      value.catch(() => {
        if (values.get(key) === value) values.delete(key)
      })
      const [oldest] = values.keys()
      if (values.size > most && oldest !== undefined) values.delete(oldest)
      return value
    },
    forget: (key: string) => values.delete(key),
    clear: () => values.clear(),
  }
}
