import { setTimeout as wait } from 'node:timers/promises'
import { type JobWithMetadata, PgBoss } from 'pg-boss'
import { z } from 'zod'
import { together } from '../turns.ts'
import { retryAfter, type Work, type WorkLog } from '../work.ts'
import type { Database } from './database.ts'

/** Where pg-boss keeps its tables. */
const schema = 'device_desk_work'

/** At most so many jobs of a kind run in one process. */
const mostAtOnce = 20

/** How often due work is looked for, and how often pg-boss is told that what runs here still does; in milliseconds. */
const interval = 1000
const pulse = 3000

/** After how many seconds without word the work of a process is taken over: pg-boss allows no less. */
const silence = 10

const JobSchema = z.object({ failures: z.int() })

type Job = JobWithMetadata<z.infer<typeof JobSchema>>

interface Kind {
  readonly job: (key: string) => Promise<void>
  /** What runs here. */
  readonly running: Map<string, { readonly attempt: { id: string; retryCount: number }; readonly done: Promise<void> }>
  /** Takes what is due, as far as there is room. */
  look(): Promise<void>
}

/**
 * Work that all processes on the database share, carried by pg-boss: of each key at most one job waits and one runs
 * (its policy `stately`). What a process was at when it died is begun again by another.
 */
export async function openPostgresWork(options: {
  readonly database: Database
  readonly now: () => Date
  readonly log: WorkLog
}): Promise<Work> {
  const { database, now, log } = options
  const boss = new PgBoss({
    db: { executeSql: (text, values) => database.raw(text, values) },
    schema,
    schedule: false,
    superviseIntervalSeconds: silence / 2,
    monitorIntervalSeconds: silence / 2,
    registerInstance: false,
    reindex: false,
    monitorVacuum: false,
    openTelemetry: { enabled: false },
  })
  boss.on('error', (error) => log.error({ err: error }, 'work could not be looked after'))
  await boss.start()

  const kinds = new Map<string, Kind>()
  const queues = new Map<string, Promise<void>>()
  /** What was asked for while the database was not there. */
  const owed = new Set<() => Promise<void>>()
  let closed = false

  function queueOf(kind: string): Promise<void> {
    const known = queues.get(kind)
    if (known !== undefined) return known
    const made = boss.createQueue(kind, {
      policy: 'stately',
      retryLimit: 1_000_000,
      heartbeatSeconds: silence,
      expireInSeconds: 24 * 60 * 60,
      deleteAfterSeconds: 60,
    })
    queues.set(kind, made)
    made.catch(() => queues.delete(kind))
    return made
  }

  /** Of two times the earlier one holds. pg-boss itself would let the later call win, so this one statement is our own. */
  async function moveForward(kind: string, key: string, at: Date | undefined): Promise<boolean> {
    const moved = await database.query(
      z.unknown(),
      `update ${schema}.job set start_after = least(start_after, coalesce($3, now()))
       where name = $1 and singleton_key = $2 and state in ('created', 'retry') returning id`,
      [kind, key, at],
    )
    return moved.length > 0
  }

  async function plan(kind: string, key: string, at: Date | undefined, failures: number): Promise<void> {
    await queueOf(kind)
    const options = { singletonKey: key, ...(at && { startAfter: at }) }
    // What waits when it is looked for may run a moment later; then it waits no more.
    while ((await boss.send(kind, { failures }, options)) === null) if (await moveForward(kind, key, at)) break
  }

  async function perform(kind: string, { job }: Kind, { id, retryCount, singletonKey, data }: Job): Promise<void> {
    const key = singletonKey ?? ''
    try {
      await job(key)
    } catch (error) {
      log.error({ kind, key, err: error }, 'work failed; it is tried again')
      const { failures } = JobSchema.parse(data)
      await plan(kind, key, new Date(now().getTime() + retryAfter(failures)), failures + 1)
    }
    await boss.complete(kind, { id, retryCount })
  }

  function createKind(kind: string, job: (key: string) => Promise<void>): Kind {
    const running: Kind['running'] = new Map()
    const self: Kind = {
      job,
      running,
      look: together(async () => {
        await queueOf(kind)
        for (let full = true; full && !closed; ) {
          const room = mostAtOnce - running.size
          if (room <= 0) return
          const jobs = await boss.fetch<z.infer<typeof JobSchema>>(kind, { batchSize: room, includeMetadata: true })
          for (const one of jobs) start(one)
          full = jobs.length === room
        }
      }),
    }

    function start(one: Job): void {
      const done = perform(kind, self, one)
        .catch((error) => log.error({ kind, err: error }, 'work could not be ended; it is done again'))
        .finally(() => {
          running.delete(one.id)
          lookNow(self)
        })
      running.set(one.id, { attempt: { id: one.id, retryCount: one.retryCount }, done })
    }
    return self
  }

  function lookNow(kind: Kind): void {
    if (!closed) kind.look().catch((error) => log.error({ err: error }, 'work could not be looked for'))
  }

  /** Asks again for what could not be asked for. */
  const settle = together(async () => {
    for (const ask of owed) {
      await ask()
      owed.delete(ask)
    }
  })

  const looking = setInterval(() => {
    settle().catch((error) => log.error({ err: error }, 'what is due could not be kept; it is tried again'))
    for (const kind of kinds.values()) lookNow(kind)
  }, interval)
  const pulsing = setInterval(() => {
    for (const [name, { running }] of kinds)
      if (running.size > 0)
        boss
          .touch(
            name,
            [...running.values()].map(({ attempt }) => attempt),
          )
          .catch((error) => log.error({ err: error }, 'others may take over what runs here'))
  }, pulse)
  looking.unref()
  pulsing.unref()

  return {
    on: (name, job) => void kinds.set(name, createKind(name, job)),

    async due(kind, key, at) {
      const ask = () => plan(kind, key, at, 0)
      const asked = ask().catch((error) => {
        log.error({ kind, key, err: error }, 'what is due could not be kept; it is tried again')
        owed.add(ask)
      })
      await Promise.race([asked, wait(2 * database.quick, undefined, { ref: false })])
      const here = kinds.get(kind)
      if (here !== undefined) lookNow(here)
    },

    async close() {
      closed = true
      clearInterval(looking)
      await Promise.all([...kinds.values()].flatMap(({ running }) => [...running.values()].map(({ done }) => done)))
      clearInterval(pulsing)
      await boss.stop({ close: false, graceful: true })
    },
  }
}
