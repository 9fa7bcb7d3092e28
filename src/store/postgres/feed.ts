import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import { z } from 'zod'
import { type Database, type DatabaseLog, within } from './database.ts'

export const channel = 'device_desk'

/** How often a process says that it lives, and makes sure that it still hears; in milliseconds. */
const beat = 400

/** Who was not heard of for so long is not counted any more. */
const silence = '3 seconds'

/** PostgreSQL takes at most 8,000 bytes ("NOTIFY"). */
const longestPayload = 7000

const NoteSchema = z.tuple([z.uuid(), z.string(), z.string().nullable()])
const CountSchema = z.tuple([z.object({ others: z.coerce.number() })])

/** Told of a document that was changed; without an id, any of the collection may have been. */
export type Told = (id: string | undefined, by: 'us' | 'others') => void

export type Feed = ReturnType<typeof openFeed>

/**
 * Hears from PostgreSQL what any process writes, in the order of the commits, and counts the processes that are alive. A
 * second connection of its own, since only one that listens hears.
 */
export function openFeed(database: Database, log: DatabaseLog) {
  const self = randomUUID()
  const heard = new Map<string, Told>()
  const stopping = new AbortController()
  let alive = false
  let warned = false
  let others = 0

  function read(payload = ''): void {
    const [by, collection, id] = NoteSchema.parse(JSON.parse(payload))
    heard.get(collection)?.(id ?? undefined, by === self ? 'us' : 'others')
  }

  /** What was heard when this returns is everything that was committed when it was called. */
  async function makeSure(client: Client): Promise<void> {
    const { rows } = await within(
      database.quick,
      client.query(
        `with me as (
           insert into device_desk.processes (id, seen) values ($1, now())
           on conflict (id) do update set seen = excluded.seen
         ), dead as (delete from device_desk.processes where seen < now() - interval '1 hour')
         select count(*) as others from device_desk.processes where id <> $1 and seen > now() - $2::interval`,
        [self, silence],
      ),
    )
    others = CountSchema.parse(rows)[0].others
  }

  const leave = (client: Client) =>
    within(database.quick, client.query('delete from device_desk.processes where id = $1', [self]))

  /** Listens until the connection is lost. */
  async function listen(): Promise<void> {
    const client = database.single()
    const broken = new AbortController()
    client.on('error', (error) => broken.abort(error))
    client.on('notification', ({ payload }) => read(payload))
    try {
      await client.connect()
      await within(database.quick, client.query(`listen ${channel}`))
      while (!stopping.signal.aborted) {
        await makeSure(client)
        if (!alive) {
          for (const told of heard.values()) told(undefined, 'others')
          alive = true
          warned = false
        }
        const signal = AbortSignal.any([stopping.signal, broken.signal])
        await wait(beat, undefined, { signal, ref: false })
      }
    } finally {
      alive = false
      if (stopping.signal.aborted) await leave(client)
      void client.end()
    }
  }

  async function keepListening(): Promise<void> {
    while (!stopping.signal.aborted) {
      await listen().catch((error) => {
        if (stopping.signal.aborted || warned) return
        warned = true
        log.warn({ err: error }, 'the database is not heard; what was remembered of it does not count until it is')
      })
      if (!stopping.signal.aborted) await wait(beat, undefined, { ref: false })
    }
  }
  const ended = keepListening()

  return {
    /** Whether what was remembered still holds: it is known to have been so a moment ago. */
    alive: () => alive,

    /** The processes that use the database now, this one included. */
    processes: () => 1 + others,

    follow: (collection: string, told: Told) => void heard.set(collection, told),

    /** What a write of this document has to say on the channel. */
    note(collection: string, id: string): string {
      const note = JSON.stringify([self, collection, id])
      return Buffer.byteLength(note) <= longestPayload ? note : JSON.stringify([self, collection, null])
    },

    async close(): Promise<void> {
      stopping.abort()
      await ended
    },
  }
}
