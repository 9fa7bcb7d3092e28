import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { BotError } from '../../errors.ts'
import { openFolder } from '../disk.ts'
import { isDocument, readDocument } from '../document.ts'
import { partsIn, readLog } from '../lines.ts'
import type { LogLine } from '../store.ts'
import type { Database } from './database.ts'
import { lock, schema } from './migrations.ts'

/** Where the record of every attempt lies, which is checked as a whole. */
const audit = 'audit'

/** Documents can be large, lines are not; so many go in one statement. */
const documentsAtOnce = 20
const linesAtOnce = 1000

export interface Moved {
  readonly documents: number
  readonly lines: number
  /** What the check says of the audit record. */
  readonly audit: string
}

const LineSchema = z.object({ part: z.string(), text: z.string() })
const CountSchema = z.object({ documents: z.coerce.number(), lines: z.coerce.number() })

async function* noLines(): AsyncIterable<LogLine> {}

type Run = Parameters<Parameters<Database['transaction']>[0]>[0]

async function* inGroups<T>(items: AsyncIterable<T>, most: number): AsyncIterable<T[]> {
  let group: T[] = []
  for await (const item of items) {
    if (group.push(item) < most) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

/** Resolves to how many there were. */
async function moveDocuments(path: string, collection: string, run: Run): Promise<number> {
  const folder = await openFolder(path)
  let moved = 0
  async function* documents() {
    for (const file of (await readdir(path)).filter(isDocument)) {
      const found = await readDocument(folder, file)
      if (found === null) throw new BotError('STORE_FOREIGN', `${join(path, file)} vanished while it was moved`)
      yield found
    }
  }
  try {
    for await (const group of inGroups(documents(), documentsAtOnce)) {
      await run(
        `insert into documents (collection, id, schema, revision, keys, body)
         select $1, id, schema, gen_random_uuid(), '{}', body
         from unnest($2::text[], $3::int[], $4::json[]) as moved (id, schema, body)`,
        [
          collection,
          group.map(({ id }) => id),
          group.map((one) => one.schema),
          group.map(({ document }) => JSON.stringify(document)),
        ],
      )
      moved += group.length
    }
    return moved
  } finally {
    await folder.close()
  }
}

/** Resolves to how many there were. */
async function moveLines(path: string, log: string, run: Run): Promise<number> {
  let moved = 0
  for await (const group of inGroups(readLog(path), linesAtOnce)) {
    await run('insert into lines (log, n, part, text) select $1, * from unnest($2::bigint[], $3::text[], $4::text[])', [
      log,
      group.map((_, at) => moved + at + 1),
      group.map(({ part }) => part),
      group.map(({ text }) => text),
    ])
    moved += group.length
  }
  return moved
}

/** Lines as they lie in the database. */
async function* linesOf(log: string, run: Run): AsyncIterable<LogLine> {
  for (let n = 0; ; n += linesAtOnce) {
    const rows = await run('select part, text from lines where log = $1 and n > $2 and n <= $3 order by n', [
      log,
      n,
      n + linesAtOnce,
    ])
    for (const row of rows) yield LineSchema.parse(row)
    if (rows.length < linesAtOnce) return
  }
}

/**
 * Moves everything that lies in a data folder, which nobody may use meanwhile, into a database that no Device Desk has used:
 * all of it or nothing. What an earlier move brought is replaced. Throws STORE_FOREIGN.
 */
export async function moveStore(options: {
  readonly folder: string
  readonly database: Database
  /** Checks the audit record, and says in words how far it goes. */
  readonly check: (lines: () => AsyncIterable<LogLine>) => Promise<string>
}): Promise<Moved> {
  const { folder, database, check } = options
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((one) => one.isDirectory())
    .map(({ name }) => name)
  const before = await check(() => (names.includes(audit) ? readLog(join(folder, audit)) : noLines()))
  const moved = { documents: 0, lines: 0 }
  await database.transaction(async (run) => {
    await run('select pg_advisory_xact_lock($1)', [lock])
    await run(`set local search_path to ${schema}`)
    if ((await run('select 1 from collections limit 1')).length > 0)
      throw new BotError('STORE_FOREIGN', 'Device Desk has used this database already, so nothing was moved into it')
    await run('delete from documents')
    await run('delete from lines')
    for (const name of names) {
      moved.documents += await moveDocuments(join(folder, name), name, run)
      if ((await partsIn(join(folder, name))).length > 0) moved.lines += await moveLines(join(folder, name), name, run)
    }
    if (moved.documents + moved.lines === 0) throw new BotError('STORE_FOREIGN', `${folder} holds nothing to move`)
    const [counted] = await run(
      'select (select count(*) from documents) as documents, (select count(*) from lines) as lines',
    )
    const { documents, lines } = CountSchema.parse(counted)
    if (documents !== moved.documents || lines !== moved.lines)
      throw new Error(`${documents} documents and ${lines} lines arrived of ${moved.documents} and ${moved.lines}`)
    const after = await check(() => linesOf(audit, run))
    if (after !== before) throw new Error(`the audit record arrived as ${after} and was ${before}`)
    await run(
      `insert into taken (key, at) select key, at from lines,
         substring(text from '"activity":"([^"\\\\]+)"') as key, cast(substring(text from '"at":"([^"]+)"') as timestamptz) as at
       where log = $1 and key is not null and at > now() - interval '1 day' on conflict do nothing`,
      [audit],
    )
  })
  return { ...moved, audit: before }
}
