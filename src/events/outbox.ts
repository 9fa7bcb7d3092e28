import { z } from 'zod'
import type { LogLine, Store } from '../store/store.ts'
import { together } from '../store/turns.ts'
import type { Work } from '../store/work.ts'
import { type Event, EventSchema, type Published } from './event.ts'

/** Events that became known together; `n` is the number of the first. */
const LineSchema = z.object({ n: z.int().positive(), events: z.array(EventSchema).min(1) })

const log = 'events'
/** As many events share a line. */
const portion = 200
/** As many are handed to a follower at once. */
const handful = 2000
/** As many of the newest events are in memory. */
const mostInMemory = 20_000
/** As many of the newest days with events are kept, and their keys known. */
const days = 8

export type Outbox = Awaited<ReturnType<typeof openOutbox>>

/**
 * What has happened, in one order and durable, for those who follow it. Whatever says that something must be told publishes
 * it under a key: again after a crash, with no effect.
 */
export async function openOutbox({ store, work, now }: { store: Store; work: Work; now: () => Date }) {
  const positions = await store.open({ name: 'followers', schema: z.object({ n: z.int() }), version: 1 })
  const followers = new Map<string, (events: readonly Published[]) => Promise<void>>()
  /** The number of each key. */
  const known = new Map<string, number>()
  const newest = new Map<number, Published>()
  /** Each day that is kept, with its first number. */
  const parts = new Map<string, number>()
  let last = 0

  /** The events of a line; one whose key was there before is none. */
  const eventsOf = ({ text }: LogLine) => {
    const { n, events } = LineSchema.parse(JSON.parse(text))
    return events.map((event, position): Published => ({ ...event, n: n + position }))
  }

  function take(part: string, events: readonly Published[]): void {
    for (const event of events) {
      if (!parts.has(part)) parts.set(part, event.n)
      last = event.n
      if (known.has(event.key)) continue
      known.set(event.key, event.n)
      newest.set(event.n, event)
    }
    for (const oldest of newest.keys()) {
      if (newest.size <= mostInMemory) break
      newest.delete(oldest)
    }
  }

  /** Reads what was published since, here or by another replica. */
  const refresh = together(async () => {
    const lines: { part: string; events: readonly Published[] }[] = []
    for await (const line of store.readBack(log)) {
      const events = eventsOf(line)
      if (!events.some(({ n }) => n > last)) break
      lines.push({ part: line.part, events })
    }
    for (const { part, events } of lines.reverse()) take(part, events)
  })

  /** Makes the line that follows; a clock that is set back does not bring an old day back. */
  const lineAfter = (events: readonly Event[]) => (before: LogLine | undefined) => {
    const today = now().toISOString().slice(0, 10)
    const n = before === undefined ? 1 : (eventsOf(before).at(-1)?.n ?? 0) + 1
    return { part: before && before.part > today ? before.part : today, text: JSON.stringify({ n, events }) }
  }

  async function forget(): Promise<void> {
    const [part, first] = [...parts].at(-days) ?? []
    if (part === undefined || first === undefined || parts.size === days) return
    await store.dropBefore(log, part)
    for (const old of parts.keys()) if (old < part) parts.delete(old)
    for (const [key, n] of known) if (n < first) known.delete(key)
    for (const n of newest.keys()) if (n < first) newest.delete(n)
  }

  /** All events from a number on, in order. */
  async function* from(first: number): AsyncIterable<Published> {
    const [oldest = last + 1] = newest.keys()
    if (first < oldest)
      for await (const line of store.read(log))
        for (const event of eventsOf(line))
          if (event.n >= first && event.n < oldest && known.get(event.key) === event.n) yield event
    for (const event of newest.values()) if (event.n >= first) yield event
  }

  async function after(n: number): Promise<Published[]> {
    const found: Published[] = []
    for await (const event of from(n + 1)) if (found.push(event) === handful) break
    return found
  }

  for await (const line of store.read(log)) take(line.part, eventsOf(line))

  work.on('events', async (name) => {
    const job = followers.get(name)
    if (job === undefined) return
    for (;;) {
      await refresh()
      const events = await after((await positions.get(name))?.n ?? 0)
      const n = events.at(-1)?.n
      if (n === undefined) return
      await job(events)
      await positions.put(name, { n })
    }
  })

  return {
    /** Resolves once they are durable. */
    async publish(...events: readonly Event[]): Promise<void> {
      await refresh()
      const fresh = events.filter(({ key }) => !known.has(key))
      if (fresh.length === 0) return
      const lines = Array.from({ length: Math.ceil(fresh.length / portion) }, (_, at) =>
        fresh.slice(at * portion, (at + 1) * portion),
      )
      await Promise.all(lines.map((some) => store.append(log, lineAfter(some))))
      await refresh()
      await forget()
      for (const name of followers.keys()) await work.due('events', name)
    },

    /** Hands every event to a job, in order and at least once: after a crash the last ones may come again. */
    async follow(name: string, job: (events: readonly Published[]) => Promise<void>): Promise<void> {
      followers.set(name, job)
      await work.due('events', name)
    },

    /** The events with these numbers, as far as they are still kept. */
    async get(numbers: readonly number[]): Promise<Published[]> {
      if (numbers.some((n) => n > last)) await refresh()
      const wanted = new Set(numbers)
      const inMemory = numbers.flatMap((n) => newest.get(n) ?? [])
      if (inMemory.length === wanted.size) return inMemory
      const found: Published[] = []
      for await (const event of from(Math.min(...numbers))) if (wanted.has(event.n)) found.push(event)
      return found
    },

    /** All events that are still kept, oldest first. */
    all: () => from(1),
  }
}
