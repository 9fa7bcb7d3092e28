import { setTimeout } from 'node:timers/promises'

/**
 * Work that must be done some time, once at a time for each key, however often it is asked for and whichever process asks.
 * What a process was at when it died is begun again by another, so a job begins with what is stored and not with its key alone.
 */
export interface Work {
  /** Says how work of a kind is done. A job that throws is tried again, later and later. */
  on(kind: string, job: (key: string) => Promise<void>): void
  /**
   * Makes a key due, now or at a time; of two times the earlier one holds. Due while its job runs, it runs again after. What
   * cannot be kept now is kept as soon as it can be, by this process.
   */
  due(kind: string, key: string, at?: Date): Promise<void>
  /** Starts no more work, and resolves when what runs has ended. */
  close(): Promise<void>
}

interface Entry {
  at: number
  /** Ends the wait for it. */
  waiting: AbortController | undefined
  running: Promise<void> | undefined
  failures: number
}

/** Longest time that a timer of Node can wait, in milliseconds. */
const longest = 2 ** 31 - 1

/** How long a job that threw waits, in milliseconds: twice as long each time. */
export const retryAfter = (failures: number) => Math.min(10 * 60_000, 1000 * 2 ** failures)

export interface WorkLog {
  error(about: object, text: string): void
}

const pause = (milliseconds: number, signal: AbortSignal) => setTimeout(milliseconds, undefined, { signal, ref: false })

/**
 * Work of one process, forgotten when it ends: whoever needs it makes it due again from their documents when they start.
 */
export function createLocalWork({
  now,
  log,
  wait = pause,
}: {
  readonly now: () => Date
  readonly log: WorkLog
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}): Work {
  const jobs = new Map<string, (key: string) => Promise<void>>()
  const entries = new Map<string, Entry>()
  let closed = false

  function plan(kind: string, key: string, entry: Entry): void {
    entry.waiting?.abort()
    if (closed || entry.running !== undefined || entry.at === Number.POSITIVE_INFINITY) return
    const waiting = new AbortController()
    entry.waiting = waiting
    wait(Math.min(longest, Math.max(0, entry.at - now().getTime())), waiting.signal).then(
      () => waiting.signal.aborted || run(kind, key, entry),
      (error) => waiting.signal.aborted || log.error({ kind, key, err: error }, 'work cannot wait'),
    )
  }

  function run(kind: string, key: string, entry: Entry): void {
    if (entry.at > now().getTime()) {
      plan(kind, key, entry)
      return
    }
    entry.at = Number.POSITIVE_INFINITY
    entry.running = perform(kind, key, entry).finally(() => {
      entry.running = undefined
      if (entry.at === Number.POSITIVE_INFINITY) entries.delete(`${kind} ${key}`)
      else plan(kind, key, entry)
    })
  }

  async function perform(kind: string, key: string, entry: Entry): Promise<void> {
    try {
      await jobs.get(kind)?.(key)
      entry.failures = 0
    } catch (error) {
      log.error({ kind, key, err: error }, 'work failed; it is tried again')
      entry.at = Math.min(entry.at, now().getTime() + retryAfter(entry.failures))
      entry.failures += 1
    }
  }

  return {
    on: (kind, job) => void jobs.set(kind, job),
    async due(kind, key, at = now()) {
      const name = `${kind} ${key}`
      const entry = entries.get(name) ?? {
        at: Number.POSITIVE_INFINITY,
        waiting: undefined,
        running: undefined,
        failures: 0,
      }
      entries.set(name, entry)
      entry.at = Math.min(entry.at, at.getTime())
      plan(kind, key, entry)
    },
    async close() {
      closed = true
      for (const { waiting } of entries.values()) waiting?.abort()
      await Promise.all([...entries.values()].map(({ running }) => running))
    },
  }
}
