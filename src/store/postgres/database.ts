import pg from 'pg'
import { z } from 'zod'
import { BotError } from '../../errors.ts'
import { createPlaces } from './places.ts'

/** How long something may take for which somebody waits, in milliseconds. */
export interface Patience {
  /** For a connection to be made. */
  readonly connect: number
  /** A statement. */
  readonly quick: number
}

/** So that people are told within a second that the database is lost. */
const within1s: Patience = { connect: 350, quick: 600 }

/** How long something may wait until others are done with their statements, in milliseconds. */
const longestQueue = 2000

/** How long a statement may take for which nobody waits, in milliseconds. */
export const patient = 30_000

export interface DatabaseLog {
  warn(about: object, text: string): void
}

/** Connections of one process: what more callers need at once waits its turn. */
const mostConnections = 10

/** Further ones for statements that nobody waits for, which must not keep others waiting. */
const mostPatient = 4

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
    max: mostConnections + mostPatient,
    connectionTimeoutMillis: longestConnect,
    statement_timeout: patient,
    allowExitOnIdle: true,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'a connection to the database is lost'))
  // The statement that runs then rejects; a client without a listener would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))

  const places = createPlaces(mostConnections, longestQueue)
  const patientPlaces = createPlaces(mostPatient, patient)

  /**
   * A connection that breaks while it is made is made once more, and so is one for which this process had no time to look in
   * time. Where none can be made, nobody else need wait.
   */
  async function connectNow(): Promise<pg.PoolClient> {
    const began = performance.now()
    try {
      return await pool.connect()
    } catch (cause) {
      const taken = performance.now() - began
      if (taken > longestConnect / 4 && taken < longestConnect * 1.5) throw new Lost('unreachable', { cause })
    }
    return pool.connect().catch((cause) => {
      throw new Lost('unreachable', { cause })
    })
  }

  /** Works with a connection, in its turn; it is given up unless the work says that it is as it was. */
  async function withClient<T>(
    places: ReturnType<typeof createPlaces>,
    work: (client: pg.PoolClient, isWhole: () => void) => Promise<T>,
  ): Promise<T> {
    await places.take().catch((cause) => {
      throw cause instanceof Lost ? cause : new Lost('unreachable', { cause })
    })
    try {
      const client = await connectNow()
      let broken = true
      try {
        return await work(client, () => {
          broken = false
        })
      } finally {
        client.release(broken)
      }
    } catch (error) {
      if (error instanceof Lost && error.kind === 'unreachable') places.refuseAll(error)
      throw error
    } finally {
      places.give()
    }
  }

  const query = <S extends z.ZodType>(row: S, text: string, values: readonly unknown[] = [], limit = quick) =>
    withClient(places, async (client, isWhole) => {
      try {
        const { rows } = await within(limit, client.query(text, [...values]))
        isWhole()
        return z.array(row).parse(rows)
      } catch (error) {
        if (isRefusal(error)) isWhole()
        throw error instanceof Lost || error instanceof z.ZodError || isRefusal(error)
          ? error
          : new Lost('broken', { cause: error })
      }
    })

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
    raw: (text: string, values?: readonly unknown[]): Promise<pg.QueryResult> =>
      withClient(patientPlaces, async (client, isWhole) => {
        const result = await within(patient, client.query(text, values && [...values]))
        isWhole()
        return result
      }),

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
