import { z } from 'zod'
import { createAudit } from '../../src/audit/audit.ts'
import { startPostgres } from '../store/postgres.ts'
import { alternate, type Bench, median, noTarget, timed } from './bench.ts'
import { startChild } from './child.ts'
import { findIn } from './find.ts'
import { openStore, storeFleet, temporaryFolder } from './fleet.ts'
import { each, entry, kilobyte } from './store.ts'
import { startTeams } from './teams.ts'

/** A PostgreSQL as it comes: what it says is durable is so. */
async function openPostgres() {
  const server = await startPostgres([])
  return { ...server, [Symbol.asyncDispose]: server.close }
}

const NumberedSchema = z.object({ n: z.number(), text: z.string() })
const writers = 16

/** What the store is asked for most: one after the other, and by many at once. */
async function measureStore(place: string, times: number) {
  const store = await openStore(place)
  const documents = await store.open({ name: 'bench', schema: NumberedSchema, version: 1 })
  const audit = await createAudit({ store, now: Date.now })
  const atOnce = (work: (writer: number) => Promise<unknown>) => () =>
    timed(() =>
      Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          for (let n = 0; n < times; n += 1) await work(writer)
        }),
      ),
    ).then((taken) => (writers * times * 1000) / taken)
  const update = (id: string) => documents.update(id, (old) => ({ n: (old?.n ?? 0) + 1, text: kilobyte }))
  return {
    update: () => each(times, () => update('a')),
    read: () => each(times, () => documents.get('a')),
    updates: atOnce((writer) => update(`${writer}`)),
    records: atOnce(() => audit.record(entry)),
    [Symbol.asyncDispose]: store.close,
  }
}

/** PostgreSQL beside files as the store of one process. */
export const postgres: Bench = {
  name: 'postgres',
  long: true,
  async run(plan) {
    await using server = await openPostgres()
    await using folder = await temporaryFolder()
    const times = plan.sized(200)
    await using ours = await measureStore(await server.database(), times)
    await using files = await measureStore(folder.path, times)
    const row = async (name: string, unit: string, what: 'update' | 'read' | 'updates' | 'records') => ({
      name: `postgres: ${name}, beside files`,
      ...(await alternate(plan, ours[what], files[what])),
      unit,
      target: noTarget,
    })
    return [
      await row('durable update of 1 KB', 'ms', 'update'),
      await row('read of a document', 'ms', 'read'),
      await row(`updates of ${writers} writers`, '/s', 'updates'),
      await row(`audit records of ${writers} writers`, '/s', 'records'),
    ]
  },
}

/** Two replicas beside one, and one beside a bot on files; all on this machine, with the database and who asks. */
export const replicas: Bench = {
  name: 'replicas',
  long: true,
  async run(plan) {
    await using server = await openPostgres()
    await using teams = await startTeams()
    await using folder = await temporaryFolder()
    const database = await server.database()
    for (const place of [folder.path, database]) await storeFleet(place, plan.sized(2000))
    const start = (env: NodeJS.ProcessEnv) => startChild(new URL('bot.ts', import.meta.url), { ...teams.env, ...env })
    await using alone = await start({ DATA_DIR: folder.path })
    await using one = await start({ DATABASE_URL: database })
    await using other = await start({ DATABASE_URL: database })
    const p99s: number[] = []
    const find = (bots: readonly string[]) => async () => {
      const words = { type: 'message', text: 'find adele' }
      const { perSecond, p99 } = await teams.load(bots, words, { turns: plan.sized(1500), atOnce: 16 })
      if (bots.length > 1) p99s.push(p99)
      return perSecond
    }
    const both = await alternate(plan, find([one.url, other.url]), find([one.url]))
    const single = await alternate(plan, find([one.url]), find([alone.url]))
    const note = `p99 of two ${median(p99s).toFixed(1)} ms`
    return [
      { name: 'replicas: two beside one', ...both, unit: 'turns/s', target: noTarget, note },
      { name: 'replicas: one beside a bot on files', ...single, unit: 'turns/s', target: noTarget },
    ]
  },
}

/** Finds among so many devices that lie in PostgreSQL and are followed in memory. */
export const millionInDatabase: Bench = {
  name: 'million-postgres',
  long: true,
  async run(plan) {
    await using server = await openPostgres()
    const database = await server.database()
    const devices = plan.sized(1_000_000)
    await storeFleet(database, devices)
    const rows = await findIn(database, devices)
    return rows.map((row) => ({ ...row, name: `${row.name}, from PostgreSQL` }))
  },
}
