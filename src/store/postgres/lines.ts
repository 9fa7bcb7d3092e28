import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { checkLine, type Waiting } from '../log.ts'
import type { LogLine } from '../store.ts'
import { together } from '../turns.ts'
import { type Database, isRefusal, Lost, patient, unwritten } from './database.ts'

const LineSchema = z.object({ n: z.coerce.number(), part: z.string(), text: z.string() })

type Line = z.infer<typeof LineSchema>

interface Made {
  readonly line: Line
  readonly of: Waiting
  kept(): void
}

/** The first lines are read in a small page, since mostly no more are wanted; each page is larger, up to this. */
const firstPage = 10
const largestPage = 1000
const uniqueViolation = '23505'

/** At most so many lines are written at once. */
const mostAtOnce = 500

/** How long a process that was slower than another waits at most before it tries again, in milliseconds. */
const longestPause = 3

/**
 * A log in the database. Its lines are numbered without a gap, so of two processes that add the same number one is refused
 * whole, and makes its lines anew after those of the other. Nobody holds a lock with which they could die.
 */
export function createLog(database: Database, log: string) {
  let waiting: Waiting[] = []

  const rows = (rest: string, values: readonly unknown[], limit: number): Promise<Line[]> =>
    database.read(
      LineSchema,
      `select n, part, text from device_desk.lines where log = $1 ${rest}`,
      [log, ...values],
      limit,
    )

  const insert = (lines: readonly Line[]) =>
    database.query(
      z.unknown(),
      'insert into device_desk.lines (log, n, part, text) select $1, * from unnest($2::bigint[], $3::text[], $4::text[])',
      [log, lines.map(({ n }) => n), lines.map(({ part }) => part), lines.map(({ text }) => text)],
    )

  /** Whether these lines stand there, or others do under their numbers. */
  async function add(lines: readonly Line[]): Promise<boolean> {
    for (let isFirst = true; ; isFirst = false) {
      try {
        await insert(lines)
        return true
      } catch (error) {
        if (isRefusal(error, uniqueViolation)) return !isFirst && (await areThere(lines))
        // The answer was lost with the connection: sent again it is refused if it was carried out.
        if (!isFirst || !(error instanceof Lost && error.kind === 'broken')) throw error
      }
    }
  }

  async function areThere(lines: readonly Line[]): Promise<boolean> {
    const newest = lines.at(-1)
    return (await rows('and n = $2', [newest?.n], database.quick))[0]?.text === newest?.text
  }

  /** Makes lines in order after the last one; one that cannot be made is refused alone. */
  function makeAfter(last: Line | undefined, group: readonly Waiting[]): Made[] {
    const made: Made[] = []
    for (const of of group) {
      const before = made.at(-1)?.line ?? last
      try {
        const { line, kept } = of.make(before && { part: before.part, text: before.text })
        checkLine(line, before)
        made.push({ line: { ...line, n: (before?.n ?? 0) + 1 }, of, kept })
      } catch (error) {
        of.reject(error)
      }
    }
    return made
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    const until = performance.now() + database.quick
    let left = group
    while (left.length > 0) {
      if (performance.now() > until) throw new Error('other processes were faster all the time')
      const [last] = await rows('order by n desc limit 1', [], database.quick)
      const made = makeAfter(last, left)
      left = made.map(({ of }) => of)
      if (made.length > 0 && !(await add(made.map(({ line }) => line)))) {
        await wait(Math.random() * longestPause)
        continue
      }
      for (const { kept } of made) kept()
      return
    }
  }

  const flush = together(async () => {
    while (waiting.length > 0) {
      const group = waiting.slice(0, mostAtOnce)
      waiting = waiting.slice(mostAtOnce)
      await write(group).catch((cause) => {
        for (const { reject } of group) reject(unwritten(cause))
      })
    }
  })

  async function* pages(after: string, order: 'asc' | 'desc', from: string): AsyncIterable<LogLine> {
    let n: number | null = null
    for (let page = firstPage; ; page = Math.min(10 * page, largestPage)) {
      const found: Line[] = await rows(
        `and part >= $2 and ($3::bigint is null or n ${after} $3) order by n ${order} limit ${page}`,
        [from, n],
        patient,
      )
      for (const { part, text } of found) yield { part, text }
      n = found.at(-1)?.n ?? null
      if (found.length < page) return
    }
  }

  return {
    append<L extends LogLine>(make: (last: LogLine | undefined) => L): Promise<L> {
      const { promise, resolve, reject } = Promise.withResolvers<L>()
      const makeKept = (before: LogLine | undefined) => {
        const line = make(before)
        return { line, kept: () => resolve(line) }
      }
      waiting.push({ make: makeKept, reject })
      void flush()
      return promise
    },

    read: (from = ''): AsyncIterable<LogLine> => pages('>', 'asc', from),

    readBack: (): AsyncIterable<LogLine> => pages('<', 'desc', ''),

    async dropBefore(part: string): Promise<void> {
      await database
        .query(
          z.unknown(),
          `delete from device_desk.lines where log = $1 and part < $2
             and n < (select max(n) from device_desk.lines where log = $1)`,
          [log, part],
          patient,
        )
        .catch((cause) => {
          throw unwritten(cause)
        })
    },

    close: (): Promise<void> => flush(),
  }
}
