import { BotError } from '../../errors.ts'
import type { Kind } from '../files.ts'
import { connectTo, type Database, type DatabaseLog, type Patience } from './database.ts'

/** Where everything lies, apart from what else the database may hold. */
export const schema = 'device_desk'

/**
 * What each version of the tables adds to the one before; what was released is never edited. Bodies are `json` and not `jsonb`,
 * since that would reorder keys and refuse text that phones may send (`\\u0000`).
 */
const migrations: readonly string[] = [
  `create table documents (
     collection text collate "C" not null,
     id text collate "C" not null,
     schema int not null,
     revision uuid not null,
     keys text[] collate "C" not null,
     body json not null,
     primary key (collection, id)
   );
   create index documents_keys on documents using gin (keys) with (fastupdate = off);
   create index documents_schema on documents (collection, schema);
   create table collections (name text primary key, indexes text[] not null);
   create table lines (
     log text collate "C" not null,
     n bigint not null,
     part text collate "C" not null,
     text text collate "C" not null,
     primary key (log, n)
   );
   create index lines_part on lines (log, part, n);
   create table taken (key text collate "C" primary key, at timestamptz not null default now());
   create index taken_at on taken (at);
   create unlogged table processes (id uuid primary key, seen timestamptz not null);
   create table site (kind text not null);`,
]

/** Any number that no other program locks in this database. */
export const lock = 7_340_917

const foreign = (why: string) => new BotError('STORE_FOREIGN', why)

/** Brings the tables up to this version, one process at a time and only forward, and marks the database on first use. */
async function prepare(database: Database, kind: Kind): Promise<void> {
  await database.transaction(async (run) => {
    await run('select pg_advisory_xact_lock($1)', [lock])
    await run(`create schema if not exists ${schema}`)
    await run(`set local search_path to ${schema}`)
    await run('create table if not exists migrations (version int primary key, at timestamptz not null default now())')
    const done = (await run('select 1 from migrations')).length
    if (done > migrations.length)
      throw foreign(`the database was used by a newer Device Desk (tables ${done}); start that one`)
    for (const [at, statements] of migrations.entries()) {
      if (at < done) continue
      await run(statements)
      await run('insert into migrations (version) values ($1)', [at + 1])
    }
    await run('insert into site (kind) select $1 where not exists (select from site)', [kind])
    if ((await run('select 1 from site where kind <> $1', [kind])).length > 0)
      throw foreign(`the database belongs to ${kind === 'demo' ? 'production' : 'demo'}; set DATABASE_URL to another`)
  })
}

/** Connects to a database and makes it ready. Throws STORE_FOREIGN when it is of the other kind or cannot be used. */
export async function openDatabase(options: {
  readonly url: string
  readonly kind: Kind
  readonly log: DatabaseLog
  readonly patience?: Patience
}): Promise<Database> {
  const database = connectTo(options.url, options.log, options.patience)
  try {
    await prepare(database, options.kind)
    return database
  } catch (cause) {
    await database.close()
    if (cause instanceof BotError) throw cause
    const reason = cause instanceof Error ? cause.message : cause
    throw new BotError('STORE_FOREIGN', `the database cannot be opened (${reason}); mend that or DATABASE_URL`, {
      cause,
    })
  }
}
