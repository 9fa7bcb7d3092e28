import pg from 'pg'
import { z } from 'zod'
import { BotError } from '../../errors.ts'

/** How long something may take for which somebody waits, in milliseconds. */
export interface Patience {
  /** To get a connection. */
  readonly connect: number
  /** A statement. */
  readonly quick: number
}

/** So that people are told within a second that the database is lost. */
const within1s: Patience = { connect: 350, quick: 600 }

/** How long a statement may take for which nobody waits, in milliseconds. */
export const patient = 30_000

export interface DatabaseLog {
  warn(about: object, text: string): void
}

/** Connections of one process: what more callers need at once waits its turn. */
const mostConnections = 10

/** Why a statement has no answer. `mayBeDone`: it was sent, so the database may have carried it out all the same. */
export class Lost extends Error {
  override readonly name = 'Lost'
  readonly mayBeDone: boolean
  readonly kind: 'unreachable' | 'broken' | 'late'

  constructor(kind: Lost['kind'], options?: ErrorOptions) {
    super(`the database is ${kind === 'broken' ? 'lost' : kind}`, options)
    this.kind = kind
    this.mayBeDone = kind !== 'unreachable'
  }
}

export type Database = ReturnType<typeof connectTo>

/**
 * Whether the server itself refused a statement, so that nothing of it is done. With class 08 and 57P it says that the
 * connection ends, whatever became of the statement (PostgreSQL documentation, appendix A "Error Codes").
 */
export const isRefusal = (error: unknown, code?: string): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && !/^(08|57P)/.test(error.code ?? '') && (code ?? error.code) === error.code

/** A write without an answer, as people are told of it: not done, or nobody knows. */
export const unwritten = (cause: unknown) =>
  new BotError(cause instanceof Lost && cause.mayBeDone ? 'STORE_OUTCOME_UNKNOWN' : 'STORE_UNWRITABLE', '', { cause })

/** Rejects when something takes too long. An answer that came while this process was busy is still read. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => setImmediate(() => reject(new Lost('late'))), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A pool of connections to PostgreSQL. Each statement is a transaction of its own, and is bounded in time. */
export function connectTo(url: string, log: DatabaseLog, { connect: longestConnect, quick }: Patience = within1s) {
  const options = { connectionString: url, application_name: 'device-desk', keepAlive: true }
  const pool = new pg.Pool({
    ...options,
    max: mostConnections,
    connectionTimeoutMillis: longestConnect,
    statement_timeout: patient,
    allowExitOnIdle: true,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'a connection to the database is lost'))
  // The statement that runs then rejects; a client without a listener would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))

  /** A connection that breaks while it is made is made once more. */
  async function connect(): Promise<pg.PoolClient> {
    const began = performance.now()
    try {
      return await pool.connect()
    } catch (cause) {
      if (performance.now() - began > longestConnect / 4) throw new Lost('unreachable', { cause })
    }
    return pool.connect().catch((cause) => {
      throw new Lost('unreachable', { cause })
    })
  }

  async function query<S extends z.ZodType>(row: S, text: string, values: readonly unknown[] = [], limit = quick) {
    const client = await connect()
    let broken = true
    try {
      const { rows } = await within(limit, client.query(text, [...values]))
      broken = false
      return z.array(row).parse(rows)
    } catch (error) {
      broken &&= !isRefusal(error)
      throw broken && !(error instanceof Lost) ? new Lost('broken', { cause: error }) : error
    } finally {
      client.release(broken)
    }
  }

  return {
    quick,

    /** Runs one statement. Throws Lost, or what the server refused it with. */
    query,

    /** Runs one that only reads: where its connection breaks, it is sent again. Throws STORE_UNREACHABLE. */
    read: <S extends z.ZodType>(...statement: Parameters<typeof query<S>>) =>
      query(...statement)
        .catch((error) => {
          if (error instanceof Lost && error.kind === 'broken') return query(...statement)
          throw error
        })
        .catch((cause) => {
          throw new BotError('STORE_UNREACHABLE', '', { cause })
        }),

    /** What the server answers to statements that somebody else wrote; their connection is given up when they fail. */
    async raw(text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
      const client = await pool.connect()
      let broken = true
      try {
        const result = await within(patient, client.query(text, values && [...values]))
        broken = false
        return result
      } finally {
        client.release(broken)
      }
    },

    /** Runs statements together or not at all. */
    async transaction(work: (run: (text: string, values?: readonly unknown[]) => Promise<unknown[]>) => Promise<void>) {
      const client = new pg.Client({ ...options, connectionTimeoutMillis: patient })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.query('begin')
        await work(async (text, values = []) => (await client.query(text, [...values])).rows)
        await client.query('commit')
      } finally {
        await client.end()
      }
    },

    /** A connection outside the pool, for who listens. */
    single: () => new pg.Client({ ...options, connectionTimeoutMillis: quick }),

    close: () => pool.end(),
  }
}
