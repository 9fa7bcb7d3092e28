import { hash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Database, Lost, patient, unwritten } from './database.ts'
import { channel, type Feed } from './feed.ts'

const RowSchema = z.object({ id: z.string(), schema: z.number(), revision: z.string(), document: z.unknown() })

/** A document as it lies in the table. Its revision is another after each write. */
export type Row = z.infer<typeof RowSchema>

/** What a write puts there. */
export interface Content {
  readonly schema: number
  readonly document: unknown
  /** By which it is found. */
  readonly keys: readonly string[]
}

const select = 'select id, schema, revision, body as document from device_desk.documents where collection = $1'

/** A write and the word of it are one statement: both happen or neither. */
const announced = (write: string) =>
  `with written as (${write} returning 1) select pg_notify('${channel}', $3)::text as note from written`
const insert = `insert into device_desk.documents (collection, id, schema, revision, keys, body)
  values ($1, $2, $4, $5, $6, $7)`
const update = 'update device_desk.documents set schema = $4, revision = $5, keys = $6, body = $7'
const remove = 'delete from device_desk.documents'
const one = 'where collection = $1 and id = $2'
const statements = {
  put: announced(`${insert} on conflict (collection, id) do update
    set schema = excluded.schema, revision = excluded.revision, keys = excluded.keys, body = excluded.body`),
  add: announced(`${insert} on conflict do nothing`),
  replace: announced(`${update} ${one} and revision = $8`),
  delete: announced(`${remove} ${one}`),
  remove: announced(`${remove} ${one} and revision = $4`),
}

/** A GIN entry holds only short values. */
const short = (key: string) => (key.length <= 200 ? key : hash('sha256', key))

export type Table = ReturnType<typeof createTable>

/** The rows of one collection. `limit` bounds what concerns one of them, `page` is how many are read at once. */
export function createTable(
  { database, feed }: { database: Database; feed: Feed },
  { name, limit, page }: { name: string; limit: number; page: number },
) {
  const read = <S extends z.ZodType>(row: S, text: string, values: readonly unknown[], most: number) =>
    database.read(row, text, [name, ...values], most)
  const rows = (rest: string, values: readonly unknown[], most = limit) =>
    read(RowSchema, `${select} ${rest}`, values, most)

  const get = async (id: string): Promise<Row | undefined> => (await rows('and id = $2', [id]))[0]

  /** Where the answer to a write is lost with the connection, it is sent again, and what is there then tells whose it is. */
  async function write(statement: string, id: string, values: readonly unknown[], isDone: () => Promise<boolean>) {
    const send = async () => {
      const sent = await database.query(z.unknown(), statement, [name, id, feed.note(name, id), ...values], limit)
      return sent.length > 0
    }
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof Lost && error.kind === 'broken')) throw unwritten(error)
      const isDoneNow = async () => (await send()) || (await isDone())
      if (await isDoneNow().catch(() => false)) return true
      throw unwritten(error)
    }
  }

  return {
    get,

    /** Rows with this key, or all, ordered by id. */
    list: (key?: string): Promise<Row[]> =>
      key === undefined ? rows('order by id', [], patient) : rows('and keys @> $2 order by id', [[short(key)]]),

    /** All rows, one after the other; with `below`, those of an older schema. */
    async *all(below?: number): AsyncIterable<Row> {
      let after: string | null = null
      while (true) {
        const found: Row[] = await rows(
          'and ($2::text is null or id > $2) and ($3::int is null or schema < $3) order by id limit $4',
          [after, below ?? null, page],
          patient,
        )
        yield* found
        after = found.at(-1)?.id ?? null
        if (found.length < page) return
      }
    },

    ids: async (): Promise<string[]> => {
      const text = 'select id from device_desk.documents where collection = $1'
      return (await read(RowSchema.pick({ id: true }), text, [], patient)).map(({ id }) => id)
    },

    /** The oldest and the newest schema number that there is. */
    async schemas(): Promise<{ oldest: number; newest: number } | undefined> {
      const text = `select min(schema) as oldest, max(schema) as newest from device_desk.documents
        where collection = $1 having count(*) > 0`
      return (await read(z.object({ oldest: z.number(), newest: z.number() }), text, [], patient))[0]
    },

    /** Writes a row; `over` is the revision that it may replace, `none` stands for no row, `any` for whatever is there. */
    write(id: string, { schema, document, keys }: Content, over: string | 'none' | 'any'): Promise<boolean> {
      const revision = randomUUID()
      const values = [schema, revision, keys.map(short), JSON.stringify(document)]
      const isOurs = async () => (await get(id))?.revision === revision
      if (over === 'any') return write(statements.put, id, values, isOurs)
      if (over === 'none') return write(statements.add, id, values, isOurs)
      return write(statements.replace, id, [...values, over], isOurs)
    },

    delete(id: string, over: string | 'any'): Promise<boolean> {
      const isGone = async () => (await get(id)) === undefined
      return over === 'any'
        ? write(statements.delete, id, [], async () => true)
        : write(statements.remove, id, [over], isGone)
    },
  }
}
