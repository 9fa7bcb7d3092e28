import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAudit } from '../../src/audit/audit.ts'
import { auditLog } from '../../src/audit/chain.ts'
import { openFileStore } from '../../src/store/files.ts'
import { openDatabase } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import type { Definition, LogLine, Store } from '../../src/store/store.ts'
import { numbers } from './numbers.ts'
import { startPostgres, type TestPostgres, unhurried } from './postgres.ts'

const script = (name: string) => join(import.meta.dirname, '../../src', name)
const silent = { warn() {} }
const counted: Definition<{ n: number; text: string }> = {
  ...numbers,
  indexes: { even: ({ n }) => (n % 2 === 0 ? 'yes' : undefined) },
}
const entry = (n: number) => ({
  who: null,
  command: 'find',
  target: `phone ${n}`,
  outcome: 'read' as const,
  activity: `a${n}`,
})

describe('npm run migrate-store', function () {
  this.timeout(120_000)
  let server: TestPostgres
  let url: string
  let folder: string

  before(async () => {
    server = await startPostgres()
  })
  after(() => server?.close())
  beforeEach(async () => {
    url = await server.database()
    folder = await mkdtemp(join(tmpdir(), 'migrate-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** Runs one of the scripts as npm does. */
  const run = (name: string, env: Record<string, string> = {}) =>
    new Promise<{ code: number; said: string }>((resolve) => {
      const own = { PATH: process.env.PATH, DATA_DIR: folder, DATABASE_URL: url, ...env }
      execFile(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', script(name)],
        { env: own },
        (error, out, err) => resolve({ code: Number(error?.code ?? 0), said: `${out}${err}`.trim() }),
      )
    })
  const inFolder = async (work: (store: Store) => Promise<void>) => {
    const store = await openFileStore({ folder, kind: 'demo' })
    await work(store)
    await store.close()
  }
  const inDatabase = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    const database = await openDatabase({ url, kind: 'demo', log: silent, patience: unhurried })
    const store = openPostgresStore({ database, log: silent })
    return work(store).finally(store.close)
  }

  /** Some documents, a log of several parts and an audit record; and a file that is no document. */
  async function fill(documents: number) {
    await inFolder(async (store) => {
      const collection = await store.open(counted)
      await Promise.all(
        Array.from({ length: documents }, (_, n) => collection.put(`id ${n}`, { n, text: '\u0000 電話' })),
      )
      for (const part of ['1', '1', '2']) await store.append('diary', () => ({ part, text: `in part ${part}` }))
      const audit = await createAudit({ store, now: () => Date.now() })
      for (let n = 0; n < 5; n += 1) await audit.record(entry(n))
    })
    await mkdir(join(folder, 'credentials'), { recursive: true })
    await writeFile(join(folder, 'credentials', 'contoso.json'), '{}')
  }

  it('moves every document and every line, found by their indexes, and the audit record goes on', async () => {
    await fill(45)
    const { code, said } = await run('migrate.ts')
    assert.match(said, /^moved 45 documents and 8 lines of logs; 5 audit records, chain whole, head 5:/)
    assert.equal(code, 0)
    await inDatabase(async (store) => {
      const collection = await store.open(counted)
      assert.equal((await collection.ids()).length, 45)
      assert.deepEqual(await collection.get('id 7'), { n: 7, text: '\u0000 電話' })
      assert.equal((await collection.list({ index: 'even', value: 'yes' })).length, 23)
      const lines: LogLine[] = []
      for await (const line of store.read('diary')) lines.push(line)
      assert.deepEqual(lines, [
        { part: '1', text: 'in part 1' },
        { part: '1', text: 'in part 1' },
        { part: '2', text: 'in part 2' },
      ])
      await (await createAudit({ store, now: () => Date.now() })).record(entry(5))
    })
    assert.match((await run('audit/verify.ts')).said, /^head 6:.*\n6 records, chain whole$/)
  })

  it('lets no activity run again that ran before', async () => {
    await fill(1)
    await run('migrate.ts')
    await inDatabase(async ({ shared }) => {
      assert.equal(await shared?.take('a3'), false)
      assert.equal(await shared?.take('a9'), true)
    })
  })

  it('can be run again, until a Device Desk has used the database', async () => {
    await fill(3)
    await run('migrate.ts')
    await inFolder(async (store) => (await store.open(counted)).delete('id 0'))
    assert.match((await run('migrate.ts')).said, /^moved 2 documents/)
    await inDatabase(async (store) => {
      const collection = await store.open(counted)
      assert.deepEqual(await collection.ids(), ['id 1', 'id 2'])
      await collection.put('id 3', { n: 3, text: '' })
    })
    const { code, said } = await run('migrate.ts')
    assert.match(said, /has used this database already, so nothing was moved/)
    assert.equal(code, 1)
    await inDatabase(async (store) => assert.equal((await (await store.open(counted)).ids()).length, 3))
  })

  it('moves nothing of a record that is not whole, of a folder that is in use or empty, or without a database', async () => {
    await fill(2)
    await inFolder(async (store) => void (await store.append(auditLog, () => ({ part: '9999-01', text: 'no record' }))))
    const broken = await run('migrate.ts')
    assert.equal(broken.code, 1)
    assert.match(broken.said, /chain broken at record 6/)
    await inFolder(async () => assert.match((await run('migrate.ts')).said, /Another Device Desk/))
    assert.match((await run('migrate.ts', { DATA_DIR: join(folder, 'other') })).said, /holds nothing to move/)
    assert.match((await run('migrate.ts', { DATABASE_URL: '' })).said, /DATABASE_URL: the database to move to/)
    assert.deepEqual(await server.run('select * from device_desk.documents', url), [])
  })
})
