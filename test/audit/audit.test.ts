import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Audit, createAudit } from '../../src/audit/audit.ts'
import {
  type AuditEntry,
  type AuditRecord,
  BrokenChain,
  checkChain,
  emptyHead,
  type Head,
  readRecord,
  sealRecord,
} from '../../src/audit/chain.ts'
import { openFileStore } from '../../src/store/files.ts'
import { readLog } from '../../src/store/lines.ts'
import type { Store } from '../../src/store/store.ts'

const ana = { tenant: '7a0c8f4e-8a35-4a1c-9d6b-2f1f1e6f0a01', id: '11111111-2222-4333-8444-555555555555' }
const bo = { ...ana, id: '99999999-2222-4333-8444-555555555555' }
const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  who: ana,
  command: 'block',
  target: 'Contoso/0f1e2d3c',
  outcome: 'started',
  ...more,
})

describe('audit', () => {
  let folder: string
  let store: Store
  let audit: Audit
  let warnings: string[]
  let time: number

  const start = async (days?: number) => {
    const log = { warn: (message: string) => warnings.push(message) }
    store = await openFileStore({ folder, kind: 'demo', log })
    audit = await createAudit({ store, now: () => time, days, log })
  }
  const restart = async (days?: number) => {
    await store.close()
    await start(days)
  }
  const setClock = (day: string) => {
    time = Date.parse(`${day}T12:00:00Z`)
  }
  const recordOn = async (...days: string[]) => {
    for (const day of days) {
      setClock(day)
      await audit.record(entry())
    }
  }
  const lines = () => readLog(join(folder, 'audit'))
  const check = (known?: Head) => checkChain(lines, known)
  const months = async () => (await readdir(join(folder, 'audit'))).map((file) => file.slice(0, 7)).sort()
  const pathOf = (month: string) => join(folder, 'audit', `${month}.jsonl`)
  const numbers = async (filter?: Parameters<Audit['recent']>[0]) => {
    const found: number[] = []
    for await (const { n } of audit.recent(filter)) found.push(n)
    return found
  }
  const recordAt = async (wanted: number): Promise<AuditRecord> => {
    for await (const record of audit.recent()) if (record.n === wanted) return record
    throw new Error(`There is no record ${wanted}.`)
  }
  const firstRecord = async () => recordAt(Math.min(...(await numbers())))
  const brokenAt = async (n: number, known?: Head) => {
    const result = await check(known).catch((error) => error)
    assert.ok(result instanceof BrokenChain, 'the damage is found')
    assert.equal(result.n, n, result.message)
  }
  /** Lets every write into this month fail until it is called back. */
  const breakDisk = async (month: string) => {
    await mkdir(pathOf(month))
    return () => rm(pathOf(month), { recursive: true })
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'device-desk-'))
    warnings = []
    setClock('2026-11-02')
    await start()
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  describe('a record', () => {
    it('is on disk before it resolves, as a line whose hash any tool can check', async () => {
      const record = await audit.record(entry({ reason: 'lost', activity: 'f:1' }))
      const written = await readFile(pathOf('2026-11'), 'utf8')
      assert.equal(written, `${JSON.stringify(record)}\n`)
      assert.deepEqual(record, {
        n: 1,
        at: '2026-11-02T12:00:00.000Z',
        ...entry({ reason: 'lost', activity: 'f:1' }),
        prev: '0'.repeat(64),
        hash: record.hash,
      })
      const body = written.replace(/,"hash":"[0-9a-f]{64}"\}\n$/, '}')
      assert.equal(createHash('sha256').update(body).digest('hex'), record.hash)
    })

    it('is chained to the one before, over months and restarts, also when the clock is set back', async () => {
      await recordOn('2026-11-29', '2026-12-01')
      await restart()
      await recordOn('2026-11-30', '2027-01-04')
      assert.deepEqual(await months(), ['2026-11', '2026-12', '2027-01'])
      assert.deepEqual(await check(), { records: 4, head: audit.head() })
    })

    it('has the next number in the order of the calls, with sixteen writers at once', async () => {
      const writers = Array.from({ length: 16 }, async (_, writer) => {
        const mine: AuditRecord[] = []
        for (let turn = 0; turn < 20; turn += 1) mine.push(await audit.record(entry({ note: `${writer}/${turn}` })))
        return mine
      })
      const records = (await Promise.all(writers)).flat()
      const seen = new Set(records.map(({ n }) => n))
      assert.deepEqual([seen.size, Math.max(...seen)], [320, 320])
      assert.equal((await check()).records, 320)
      const atOnce = await Promise.all(Array.from({ length: 50 }, () => audit.record(entry())))
      assert.deepEqual(
        atOnce.map(({ n }) => n),
        atOnce.map((_, index) => 321 + index),
      )
    })

    it('cuts what people typed, and keeps any character of it', async () => {
      const reason = `"quoted"\n${'\u2028'}<b>é電話\u0000\ud800`
      await audit.record(entry({ reason }))
      const { reason: cut } = await audit.record(entry({ reason: 'x'.repeat(5000) }))
      assert.equal(cut?.length, 1000)
      await restart()
      for await (const record of audit.recent({ text: 'quoted' })) assert.equal(record.reason, reason)
      assert.equal((await check()).records, 2)
    })

    it('is refused when it has no such shape, and leaves no gap', async () => {
      await assert.rejects(audit.record(entry({ who: { ...ana, id: 'Ana' } })))
      await audit.record(entry())
      assert.deepEqual(await check(), { records: 1, head: audit.head() })
    })
  })

  describe('the head', () => {
    it('is that of the last durable record, also after a restart', async () => {
      assert.equal(audit.head().n, 0)
      const { n, hash } = await audit.record(entry())
      assert.deepEqual(audit.head(), { n, hash })
      await restart()
      assert.deepEqual(audit.head(), { n, hash })
    })

    it('is refused when the last record is damaged', async () => {
      await audit.record(entry())
      await store.close()
      await writeFile(pathOf('2026-11'), '{"n":1}\n')
      await assert.rejects(start(), { code: 'STORE_FOREIGN', message: /2026-11 is damaged/ })
    })
  })

  describe('when it cannot be written', () => {
    it('rejects records, lets look-ups go on, says so once, and continues the chain later', async () => {
      await audit.record(entry())
      const mend = await breakDisk('2026-12')
      setClock('2026-12-01')
      await assert.rejects(audit.record(entry()), { code: 'AUDIT_UNWRITABLE' })
      assert.equal(audit.writable(), false)
      audit.note(entry({ outcome: 'read' }))
      audit.note(entry({ outcome: 'read' }))
      await assert.rejects(audit.record(entry()), { code: 'AUDIT_UNWRITABLE' })
      assert.equal(audit.head().n, 1)
      assert.equal(warnings.length, 1)
      await mend()
      assert.equal((await audit.record(entry())).n, 2)
      assert.equal(audit.writable(), true)
      assert.match(warnings[1] ?? '', /2 look-ups are missing/)
      assert.equal((await check()).records, 2)
    })

    it('records look-ups in their order without anybody waiting', async () => {
      audit.note(entry({ command: 'find', outcome: 'read' }))
      assert.equal((await audit.record(entry())).n, 2)
    })
  })

  describe('recent', () => {
    it('gives the newest first, over months', async () => {
      await recordOn('2026-09-01', '2026-10-01', '2026-10-02', '2026-11-01')
      assert.deepEqual(await numbers(), [4, 3, 2, 1])
    })

    it('gives those since a time, and does not read older months', async () => {
      await recordOn('2026-09-01', '2026-10-01', '2026-10-20', '2026-11-01')
      await writeFile(pathOf('2026-09'), 'damaged\n')
      assert.deepEqual(await numbers({ since: new Date('2026-10-10') }), [4, 3])
      await assert.rejects(numbers(), { code: 'STORE_FOREIGN', message: /2026-09 is damaged/ })
    })

    it('gives those before a record', async () => {
      await recordOn('2026-09-01', '2026-10-01', '2026-10-02', '2026-11-01')
      assert.deepEqual(await numbers({ before: 4 }), [3, 2, 1])
      assert.deepEqual(await numbers({ before: 1 }), [])
    })

    it('gives those with a text in what was done, by whom, to what or why', async () => {
      await audit.record(entry({ command: 'wipe' }))
      await audit.record(entry({ who: bo }))
      await audit.record(entry({ who: null, reason: 'Left in a TAXI' }))
      await audit.record(entry({ target: null, outcome: 'refused', note: 'ACCESS_DENIED' }))
      assert.deepEqual(await numbers({ text: 'WIPE' }), [1])
      assert.deepEqual(await numbers({ text: bo.id.slice(0, 8) }), [2])
      assert.deepEqual(await numbers({ text: 'taxi' }), [3])
      assert.deepEqual(await numbers({ text: 'access_denied' }), [4])
      assert.deepEqual(await numbers({ text: '0f1e2d3c' }), [3, 2, 1])
      assert.deepEqual(await numbers({ text: 'nothing of it' }), [])
    })
  })

  describe('the check', () => {
    /** Two months of four records each. */
    const days = ['01', '02', '03', '04'].flatMap((day) => [`2026-11-${day}`, `2026-12-${day}`]).sort()
    type Lines = [string, string, string, string]
    const edit = async (month: string, change: (lines: Lines) => string[]) => {
      const [a = '', b = '', c = '', d = ''] = (await readFile(pathOf(month), 'utf8')).split('\n')
      await writeFile(
        pathOf(month),
        change([a, b, c, d])
          .map((line) => `${line}\n`)
          .join(''),
      )
    }
    beforeEach(() => recordOn(...days))

    const damages: [what: string, n: number, damage: () => Promise<void>][] = [
      ['a changed word', 2, () => edit('2026-11', ([a, b, c, d]) => [a, b.replace('block', 'allow'), c, d])],
      ['a changed first number', 1, () => edit('2026-11', ([a, b, c, d]) => [a.replace('1', '3'), b, c, d])],
      ['a changed hash', 4, () => edit('2026-11', ([a, b, c, d]) => [a, b, c, d.replace(/.(?="\}$)/, 'z')])],
      ['a space that changes no value', 6, () => edit('2026-12', ([a, b, c, d]) => [a, b.replace(':', ': '), c, d])],
      ['a removed line', 3, () => edit('2026-11', ([a, b, , d]) => [a, b, d])],
      ['a removed first line', 1, () => edit('2026-11', ([, b, c, d]) => [b, c, d])],
      ['a removed last line of a month', 4, () => edit('2026-11', ([a, b, c]) => [a, b, c])],
      ['swapped lines', 2, () => edit('2026-11', ([a, b, c, d]) => [a, c, b, d])],
      ['swapped first lines', 1, () => edit('2026-11', ([a, b, c, d]) => [b, a, c, d])],
      ['a line twice', 3, () => edit('2026-11', ([a, b, c, d]) => [a, b, b, c, d])],
      ['an empty line', 3, () => edit('2026-11', ([a, b, c, d]) => [a, b, '', c, d])],
      ['a line that is no record', 9, () => appendFile(pathOf('2026-12'), 'hello\n')],
      ['a removed line end', 4, async () => truncate(pathOf('2026-11'), (await stat(pathOf('2026-11'))).size - 1)],
      ['a removed first month', 1, () => rm(pathOf('2026-11'))],
      ['a month under another name', 1, () => rename(pathOf('2026-11'), pathOf('2027-01'))],
    ]
    for (const [what, n, damage] of damages)
      it(`finds ${what}`, async () => {
        await damage()
        await brokenAt(n)
      })

    it('takes a head that is in the chain, also an old one and one with a shortened hash', async () => {
      const old = await firstRecord()
      for (const known of [old, { n: old.n, hash: old.hash.slice(0, 16) }, audit.head()])
        assert.equal((await check(known)).records, 8)
    })

    it('finds by the head what was cut off at the end: lines, the whole last month, everything', async () => {
      const head = audit.head()
      await edit('2026-12', (old) => old.slice(0, 2))
      assert.equal((await check()).records, 6)
      await brokenAt(7, head)
      await rm(pathOf('2026-12'))
      await brokenAt(5, head)
      await rm(pathOf('2026-11'))
      await brokenAt(1, head)
    })

    it('finds by the head a chain that was written anew', async () => {
      const head = audit.head()
      const records: AuditRecord[] = []
      for await (const { text: line } of lines()) records.push(JSON.parse(line))
      let before: Head = emptyHead
      const forged = records.map(({ n: _n, at, prev: _prev, hash: _hash, ...old }) => {
        const { text: line, record } = sealRecord({ ...old, command: 'allow' }, before, new Date(at))
        before = record
        return line
      })
      await edit('2026-11', () => forged.slice(0, 4))
      await edit('2026-12', () => forged.slice(4))
      assert.equal((await check()).records, 8)
      await brokenAt(8, head)
    })

    it('finds a record that was sealed anew with other words, at the one after it', async () => {
      await edit('2026-11', ([a, b, c, d]) => {
        const { n, at, prev, hash: _hash, ...old } = readRecord(b)
        const forged = sealRecord({ ...old, command: 'allow' }, { n: n - 1, hash: prev }, new Date(at))
        return [a, forged.text, c, d]
      })
      await brokenAt(3)
    })

    it('does not see a line that is just being written', async () => {
      await appendFile(pathOf('2026-12'), '{"n":9,"at"')
      assert.equal((await check()).records, 8)
    })
  })

  describe('old months', () => {
    beforeEach(async () => {
      await recordOn('2026-08-01', '2026-09-10', '2026-10-20', '2026-11-30', '2026-12-24')
    })
    const prune = async (day: string, keep?: number) => {
      setClock(day)
      await restart(keep)
      await audit.prune()
    }

    it('stay for ever without a number of days', async () => {
      await prune('2036-01-01')
      assert.equal((await months()).length, 5)
      assert.equal(audit.head().n, 5)
    })

    it('go when all of them is too old; the oldest kept begins with the hash before it', async () => {
      const before = await recordAt(2)
      await prune('2027-01-01', 90)
      assert.deepEqual(await months(), ['2026-10', '2026-11', '2026-12', '2027-01'])
      assert.equal((await firstRecord()).prev, before.hash)
      assert.deepEqual(await check(before), { records: 5, head: audit.head() })
      await audit.prune()
      assert.equal(audit.head().n, 7, 'nothing more to drop, nothing recorded')
    })

    it('may go again and again, and all at once after a long silence', async () => {
      await prune('2027-01-01', 90)
      await prune('2027-02-28', 60)
      assert.deepEqual(await months(), ['2026-12', '2027-01', '2027-02'])
      await check()
      await prune('2031-01-01', 60)
      assert.deepEqual(await months(), ['2031-01'])
      assert.equal((await check()).records, 2)
    })

    it('are not taken for dropped when somebody else removed more than that', async () => {
      await prune('2027-01-01', 90)
      await rm(pathOf('2026-10'))
      await brokenAt(3)
    })

    it('are still known to be dropped when the record of it is damaged', async () => {
      await prune('2027-01-01', 90)
      const records = await readFile(pathOf('2027-01'), 'utf8')
      await writeFile(pathOf('2027-01'), records.replace('"who":null', '"who":n'))
      await brokenAt(6)
    })

    it('leave a whole chain when the dropping was interrupted', async () => {
      const [oldest, next] = await Promise.all(['2026-08', '2026-09'].map((month) => readFile(pathOf(month))))
      await prune('2027-01-01', 90)
      await writeFile(pathOf('2026-09'), next ?? '')
      assert.equal((await check()).records, 6)
      await writeFile(pathOf('2026-08'), oldest ?? '')
      assert.equal((await check()).records, 7)
    })

    it('can no longer prove a head of theirs', async () => {
      const old = await firstRecord()
      await prune('2027-01-01', 90)
      await brokenAt(1, old)
    })

    it('stay when that they go cannot be recorded', async () => {
      setClock('2027-01-01')
      await restart(90)
      const mend = await breakDisk('2027-01')
      await assert.rejects(audit.prune(), { code: 'AUDIT_UNWRITABLE' })
      await mend()
      assert.equal((await months()).length, 5)
    })
  })

  describe('npm run audit:verify', () => {
    const script = join(import.meta.dirname, '../../src/audit/verify.ts')
    const run = async (...words: string[]) => {
      const child = spawn(process.execPath, [script, ...words], { env: { ...process.env, DATA_DIR: folder } })
      const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
      assert.equal(errors, '')
      return { last: output.trimEnd().split('\n').at(-1) ?? '', exit: child.exitCode }
    }

    it('says whole and ends with 0, while the bot runs', async () => {
      await recordOn('2026-11-02', '2026-12-01')
      const { n, hash } = audit.head()
      assert.deepEqual(await run(), { last: '2 records, chain whole', exit: 0 })
      assert.deepEqual(await run('--head', `${n}:${hash}`), { last: '2 records, chain whole', exit: 0 })
      assert.equal((await audit.record(entry())).n, 3)
    })

    it('names the first bad record and ends with 1', async () => {
      await recordOn('2026-11-02', '2026-12-01')
      await writeFile(pathOf('2026-11'), 'damaged\n')
      const { last, exit } = await run()
      assert.match(last, /^chain broken at record 1: /)
      assert.equal(exit, 1)
    })

    it('names the first record that a head misses and ends with 1', async () => {
      await recordOn('2026-11-02')
      const { last, exit } = await run('--head', `3:${'0'.repeat(64)}`)
      assert.match(last, /^chain broken at record 2: /)
      assert.equal(exit, 1)
    })

    it('does not call whole what is not there, nor take a head that is none', async () => {
      await rm(join(folder, 'audit'), { recursive: true })
      for (const words of [[], ['--head', '12'], ['--hat', 'x']]) {
        const { last, exit } = await run(...words)
        assert.doesNotMatch(last, /whole/)
        assert.equal(exit, 1)
      }
    })
  })
})
