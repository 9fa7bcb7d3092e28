import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { isBotError } from '../../src/errors.ts'
import { openDatabase } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openPostgresWork } from '../../src/store/postgres/work.ts'
import type { Collection, LogLine, Store } from '../../src/store/store.ts'
import type { Work } from '../../src/store/work.ts'
import { eventually as within } from '../desk.ts'
import { behavesLikeAStore } from './contract.ts'
import { numbers } from './numbers.ts'
import { startPostgres, type TestPostgres, unhurried } from './postgres.ts'
import { startProxy } from './proxy.ts'
import { behavesLikeWork } from './working.ts'

const now = () => new Date()
/** Also where others are busy. */
const eventually = <T>(find: Parameters<typeof within<T>>[0]) => within(find, 60)

describe('store/postgres', function () {
  this.timeout(180_000)
  let server: TestPostgres
  let warnings: string[]
  const log = { warn: (_: object, text: string) => void warnings.push(text), error() {} }
  const open = (url: string) => openDatabase({ url, kind: 'demo', log, patience: unhurried })

  before(async () => {
    server = await startPostgres()
  })
  after(() => server.close())
  beforeEach(() => {
    warnings = []
  })

  describe('the store', () => {
    let url: string
    before(async () => {
      url = await server.database()
    })
    behavesLikeAStore(async () => ({
      open: async () => openPostgresStore({ database: await open(url), log }),
      clear: async () => void (await server.run('drop schema device_desk cascade', url)),
    }))
  })

  describe('work', () => {
    let url: string
    before(async () => {
      url = await server.database()
    })

    let databases: Awaited<ReturnType<typeof open>>[] = []

    async function openWork(address = url): Promise<Work> {
      const database = await open(address)
      databases.push(database)
      return openPostgresWork({ database, now, log })
    }
    behavesLikeWork(() => openWork())
    afterEach(async () => {
      for (const database of databases) await database.close()
      databases = []
      await server.run('delete from device_desk_work.job', url)
    })

    it('is done after all when the database was lost as it was asked for', async () => {
      const proxy = await startProxy(url)
      const work = await openWork(proxy.url)
      const done: string[] = []
      work.on('greet', async (key) => void done.push(key))
      await work.due('greet', 'ana')
      await eventually(() => done.length === 1)
      proxy.stall()
      const asked = work.due('greet', 'bo')
      await wait(50)
      proxy.mend()
      await asked
      await eventually(() => done.includes('bo'))
      await work.close()
      await proxy.close()
    })

    it('is shared: each key runs in one process, whoever asked, and what was asked of one that ended is done', async () => {
      const running = new Set<string>()
      const done: string[] = []
      const join = (work: Work, name: string) =>
        work.on('greet', async (key) => {
          assert.ok(!running.has(key), `${key} runs once at a time`)
          running.add(key)
          await new Promise((resolve) => setTimeout(resolve, 20))
          running.delete(key)
          done.push(`${name} ${key}`)
        })
      const gone = await openWork()
      await gone.due('greet', 'left behind')
      await gone.close()
      const works = await Promise.all([openWork(), openWork()])
      for (const [n, work] of works.entries()) join(work, `${n}`)
      for (let n = 0; n < 40; n += 1) await works[n % 2]?.due('greet', `key ${n % 8}`)
      await eventually(() => done.length >= 9 && done.some((one) => one.endsWith('left behind')))
      await Promise.all(works.map((work) => work.close()))
    })
  })

  describe('the database', () => {
    it('is the kind of its first use and refused to the other', async () => {
      const url = await server.database()
      await (await open(url)).close()
      await assert.rejects(openDatabase({ url, kind: 'production', log }), {
        code: 'STORE_FOREIGN',
        message: /belongs to demo; set DATABASE_URL/,
      })
      await (await open(url)).close()
    })

    it('is made ready once by processes that start together', async () => {
      const url = await server.database()
      const opened = await Promise.all(Array.from({ length: 5 }, () => open(url)))
      await Promise.all(opened.map((one) => one.close()))
      assert.deepEqual(await server.run('select version from device_desk.migrations', url), [{ version: 1 }])
    })

    it('is refused when a newer Device Desk has used it, or when it is not there', async () => {
      const url = await server.database()
      await (await open(url)).close()
      await server.run('insert into device_desk.migrations (version) values (1000)', url)
      await assert.rejects(open(url), { code: 'STORE_FOREIGN', message: /newer Device Desk/ })
      await assert.rejects(open(`${url}-not-there`), {
        code: 'STORE_FOREIGN',
        message: /cannot be opened.*DATABASE_URL/,
      })
    })
  })

  describe('several processes', () => {
    let url: string
    let stores: Store[]
    let opened: Collection<{ n: number; text: string }>[]

    const openOne = async (address = url) => openPostgresStore({ database: await open(address), log })
    beforeEach(async () => {
      url = await server.database()
      stores = await Promise.all([openOne(), openOne(), openOne()])
      opened = await Promise.all(stores.map((store) => store.open(numbers)))
      await eventually(() => stores.every(({ shared }) => shared?.usable()))
    })
    afterEach(() => Promise.all(stores.map((store) => store.close())))

    it('change one document in turn, so that no change is lost', async () => {
      const changes = opened.flatMap((one) =>
        Array.from({ length: 40 }, () => one.update('a', (old) => ({ n: (old?.n ?? 0) + 1, text: '' }))),
      )
      const seen = (await Promise.all(changes)).map((document) => document?.n ?? 0)
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        Array.from({ length: 120 }, (_, index) => index + 1),
      )
    })

    it('add to one log in turn, each after the line before, without a gap', async () => {
      const counted = (last: LogLine | undefined) => ({ part: '1', text: `${Number(last?.text ?? 0) + 1}` })
      await Promise.all(stores.flatMap((store) => Array.from({ length: 60 }, () => store.append('diary', counted))))
      const texts: string[] = []
      for await (const { text } of stores[0]?.read('diary') ?? []) texts.push(text)
      assert.deepEqual(
        texts,
        Array.from({ length: 180 }, (_, index) => `${index + 1}`),
      )
    })

    it('remember nothing that another has changed', async () => {
      const [one, other] = opened
      assert.ok(one && other)
      for (let n = 1; n <= 20; n += 1) {
        await one.put('a', { n, text: '' })
        await eventually(async () => (await other.get('a'))?.n === n && (await other.list())[0]?.n === n)
      }
      await one.delete('a')
      await eventually(async () => (await other.get('a')) === undefined && (await other.list()).length === 0)
    })

    it('tell those who follow what others changed, in order, and that anything may have when it was not heard', async () => {
      const [one, other] = opened
      assert.ok(one && other)
      const told: unknown[] = []
      other.follow((id) => told.push(id))
      await other.put('own', { n: 1, text: '' })
      for (const id of ['a', 'b']) await one.put(id, { n: 1, text: '' })
      await one.delete('a')
      await eventually(() => told.length === 3)
      assert.deepEqual(told, ['a', 'b', 'a'])
      await server.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%processes%' and pid <> pg_backend_pid()",
        url,
      )
      await eventually(() => told.some((id) => id === undefined))
      await one.put('c', { n: 1, text: '' })
      await eventually(() => told.at(-1) === 'c')
      assert.deepEqual([...(await other.ids())].sort(), ['b', 'c', 'own'])
    })

    it('count each other, and forget who has ended', async () => {
      await eventually(() => stores.every(({ shared }) => shared?.processes() === 3))
      await stores.pop()?.close()
      await eventually(() => stores.every(({ shared }) => shared?.processes() === 2))
    })

    it('give each key to the first that takes it', async () => {
      const keys = Array.from({ length: 30 }, (_, index) => `key ${index % 10}`)
      const taken = await Promise.all(keys.map((key, index) => stores[index % 3]?.shared?.take(key)))
      assert.equal(taken.filter(Boolean).length, 10)
    })
  })

  describe('without the database', () => {
    let url: string
    let proxy: Awaited<ReturnType<typeof startProxy>>
    let store: Store
    let documents: Collection<{ n: number; text: string }>
    beforeEach(async () => {
      url = await server.database()
      proxy = await startProxy(url)
      store = openPostgresStore({ database: await open(proxy.url), log })
      documents = await store.open(numbers)
      await documents.put('a', { n: 0, text: '' })
    })
    afterEach(async () => {
      proxy.mend()
      await store.close()
      await proxy.close()
    })

    const line = () => ({ part: '1', text: 'line' })

    it('refuses everything while nothing goes through, believes no memory, and goes on by itself after', async () => {
      await eventually(() => store.shared?.usable())
      await documents.get('a')
      proxy.stall()
      await eventually(() => !store.shared?.usable())
      await Promise.all([
        assert.rejects(documents.get('a'), { code: 'STORE_UNREACHABLE' }),
        assert.rejects(documents.list(), { code: 'STORE_UNREACHABLE' }),
        assert.rejects(documents.put('a', { n: 1, text: '' }), (error) =>
          isBotError(error, 'STORE_UNWRITABLE', 'STORE_OUTCOME_UNKNOWN'),
        ),
        assert.rejects(store.append('diary', line), { code: 'STORE_UNWRITABLE' }),
      ])
      proxy.mend()
      await eventually(() => store.shared?.usable())
      await documents.put('a', { n: 2, text: '' })
      await store.append('diary', line)
      assert.equal((await documents.get('a'))?.n, 2)
    })

    it('neither loses nor doubles a write whose answer is lost', async () => {
      let fates = 0
      proxy.lose(() => (++fates % 7 === 0 ? 'cut' : 'pass'))
      const outcomes = { done: 0, refused: 0, unknown: 0 }
      for (let n = 0; n < 60; n += 1)
        await documents
          .update('a', (old) => ({ n: (old?.n ?? 0) + 1, text: '' }))
          .then(() => (outcomes.done += 1))
          .catch((error) => {
            if (isBotError(error, 'STORE_OUTCOME_UNKNOWN')) outcomes.unknown += 1
            else outcomes.refused += 1
          })
      let lines = 0
      for (let n = 0; n < 60; n += 1)
        await store
          .append('diary', (last) => ({ part: '1', text: `${Number(last?.text ?? 0) + 1}` }))
          .then(() => (lines += 1))
          .catch(() => {})
      proxy.lose(() => 'pass')
      const n = (await documents.get('a'))?.n ?? 0
      assert.ok(n >= outcomes.done && n <= outcomes.done + outcomes.unknown, `${n}, ${JSON.stringify(outcomes)}`)
      assert.ok(outcomes.done > 50, JSON.stringify(outcomes))
      const kept: string[] = []
      for await (const { text } of store.read('diary')) kept.push(text)
      assert.deepEqual(
        kept,
        kept.map((_, index) => `${index + 1}`),
      )
      assert.ok(kept.length >= lines && lines > 50)
    })
  })
})
