import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import {
  appendFile,
  type FileHandle,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isBotError } from '../../src/errors.ts'
import { openFileStore } from '../../src/store/files.ts'
import type { Store } from '../../src/store/store.ts'
import { behavesLikeAStore } from './contract.ts'
import { numbers } from './numbers.ts'

const childFile = join(import.meta.dirname, 'child.ts')

describe('store/files', () => {
  behavesLikeAStore(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'device-desk-'))
    return {
      open: () => openFileStore({ folder, kind: 'demo' }),
      clear: () => rm(folder, { recursive: true }),
    }
  })

  let folder: string
  let store: Store | undefined
  let warnings: string[]
  let children: ChildProcess[]

  const open = async (kind: 'demo' | 'production' = 'demo') => {
    store = await openFileStore({ folder, kind, log: { warn: (message) => warnings.push(message) } })
    return store
  }
  const close = async () => {
    await store?.close()
    store = undefined
  }
  const start = (...command: string[]) => {
    const [file = '', ...words] = command
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return { child, lines: createInterface({ input: child.stdout }) }
  }
  const startJob = (job: string) => start(process.execPath, childFile, job, folder)
  const kill = async (child: ChildProcess) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const firstLine = async (lines: AsyncIterable<string>) => {
    for await (const line of lines) return line
    return undefined
  }
  const filesOf = async (name: string) => (await readdir(join(folder, name))).sort()

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'device-desk-'))
    warnings = []
    children = []
  })
  afterEach(async () => {
    await close()
    for (const child of children) await kill(child)
    await rm(folder, { recursive: true })
  })

  describe('the folder', () => {
    it('is made when it is not there, for its owner only', async () => {
      folder = join(folder, 'deep', 'er')
      await open()
      assert.equal((await stat(folder)).mode & 0o777, 0o700)
    })

    it('has one owner at a time: a second is refused and told its process', async () => {
      await open()
      await assert.rejects(open, (error) => isBotError(error, 'STORE_BUSY') && error.message.includes(`${process.pid}`))
      const { lines } = startJob('hold')
      assert.match((await firstLine(lines)) ?? '', new RegExp(`process ${process.pid}\\)`))
    })

    if (process.platform === 'linux')
      it('has a new document, its name and that of a new folder for it on disk before it says that it is stored', async () => {
        const documents = await (await open()).open(numbers)
        await using handle = await openFile(folder)
        const handles: FileHandle = Object.getPrototypeOf(handle)
        const { sync } = handles
        let synced: string[] = []
        handles.sync = async function () {
          synced.push((await readlink(`/proc/self/fd/${this.fd}`)).replace(folder, '').replace(/-\w+\.json\.tmp$/, ''))
          return sync.call(this)
        }
        const syncedBy = async (work: Promise<unknown> | undefined) => {
          synced = []
          await work
          return synced
        }
        try {
          const put = (id: string) => syncedBy(documents.put(id, { n: 1, text: '' }))
          assert.deepEqual(await put('first'), ['/numbers/first', '/numbers', ''])
          assert.deepEqual(await put('second'), ['/numbers/second', '/numbers'])
          const appended = store?.append('diary', () => ({ part: '1', text: 'a' }))
          assert.deepEqual(await syncedBy(appended), ['/diary', ''])
        } finally {
          handles.sync = sync
        }
      })

    it('is free again when its owner closes or is killed, whoever has that process id now', async () => {
      const { child, lines } = startJob('hold')
      assert.equal(await firstLine(lines), 'open')
      await assert.rejects(open, { code: 'STORE_BUSY', message: new RegExp(`process ${child.pid}\\)`) })
      await kill(child)
      for (const pid of [process.pid, process.ppid, 1]) {
        await writeFile(join(folder, 'owner.pid'), `${pid}`)
        await open()
        await close()
      }
    })

    it('goes to exactly one of several that start at once', async () => {
      const started = await Promise.all(Array.from({ length: 5 }, () => firstLine(startJob('hold').lines)))
      assert.equal(started.filter((line) => line === 'open').length, 1, started.join('\n'))
      assert.equal(started.filter((line) => line?.startsWith('Another Device Desk (process')).length, 4)
    })

    it('is the kind of its first use and refused to the other', async () => {
      await open('production')
      await close()
      await assert.rejects(
        open('demo'),
        (error) => isBotError(error, 'STORE_FOREIGN') && /DATA_DIR/.test(error.message),
      )
      await open('production')
    })

    it('is refused with a sentence when it is not a folder', async () => {
      await writeFile(join(folder, 'file'), '')
      const opened = openFileStore({ folder: join(folder, 'file'), kind: 'demo' })
      await assert.rejects(opened, { code: 'STORE_FOREIGN', message: /file cannot be opened/ })
    })
  })

  describe('a document', () => {
    const put = async () => {
      const collection = await (await open()).open(numbers)
      await collection.put('Contoso/ana§iPhone', { n: 1, text: 'one' })
      const [file = ''] = await filesOf('numbers')
      await close()
      return file
    }

    it('lies in one file that people and every file system can tell apart, for its owner only', async () => {
      const file = await put()
      assert.match(file, /^contoso-ana-iphone-[0-9a-f]{32}\.json$/)
      assert.equal((await stat(join(folder, 'numbers', file))).mode & 0o777, 0o600)
    })

    for (const text of ['', 'null', '{"schema":1,"id":"a","docu', '{"schema":1,"id":"a","document":{"n":"one"}}', '7'])
      it(`is named when it is damaged: ${text || 'empty'}`, async () => {
        const file = await put()
        await writeFile(join(folder, 'numbers', file), text)
        const { open: openAgain } = await open()
        await assert.rejects(openAgain(numbers), { code: 'STORE_FOREIGN', message: new RegExp(`numbers/${file}`) })
      })

    it('is not disturbed by what a kill left half written beside it', async () => {
      const file = await put()
      await writeFile(join(folder, 'numbers', `${file}.tmp`), '{"schema":1,"id":"a","docu')
      const collection = await (await open()).open(numbers)
      assert.deepEqual(await collection.list(), [{ n: 1, text: 'one' }])
      assert.deepEqual(await filesOf('numbers'), [file])
    })

    it('is written back when it was brought up', async () => {
      const file = await put()
      const upgrade = (document: unknown) => ({ ...numbers.schema.parse(document), n: 2 })
      await (await open()).open({ ...numbers, version: 2, upgrade })
      assert.match(await readFile(join(folder, 'numbers', file), 'utf8'), /"schema":2.*"n":2/)
    })
  })

  describe('a log', () => {
    const append = (text: string, part = '1') => store?.append('diary', () => ({ part, text }))
    const texts = async () => {
      const found: string[] = []
      for await (const { text } of store?.read('diary') ?? []) found.push(text)
      return found
    }
    const pathOf = (part: string) => join(folder, 'diary', `${part}.jsonl`)

    for (const torn of ['half a line', 'é'.repeat(200_000), '\0'.repeat(5000)])
      it(`loses the half line that a power loss left, and says so: ${torn.length} × ${torn.codePointAt(0)}`, async () => {
        await open()
        await append('a')
        await append('b')
        await close()
        await appendFile(pathOf('1'), torn)
        await open()
        await append('c')
        assert.deepEqual(await texts(), ['a', 'b', 'c'])
        assert.equal(warnings.length, 1)
        assert.match(warnings[0] ?? '', new RegExp(`last ${Buffer.byteLength(torn)} bytes of .*diary/1.jsonl`))
      })

    if (process.platform === 'linux')
      it('is made durable by the write itself', async () => {
        await open()
        await append('a')
        const files = await readdir('/proc/self/fd')
        const paths = await Promise.all(files.map((file) => readlink(`/proc/self/fd/${file}`).catch(() => '')))
        const about = await readFile(`/proc/self/fdinfo/${files[paths.indexOf(pathOf('1'))]}`, 'utf8')
        const flags = Number.parseInt(/^flags:\t(\d+)$/m.exec(about)?.[1] ?? '', 8)
        assert.equal(flags & constants.O_DSYNC, constants.O_DSYNC)
      })

    it('continues after the last whole line when the newest part has none', async () => {
      await open()
      await append('a')
      await append('b', '2')
      await close()
      await truncate(pathOf('2'), 1)
      await open()
      const line = await store?.append('diary', (last) => ({ part: '2', text: `after ${last?.part}${last?.text}` }))
      assert.equal(line?.text, 'after 1a')
      assert.deepEqual(await texts(), ['a', 'after 1a'])
    })

    it('rejects while its folder cannot be made, and works again once it can', async () => {
      await open()
      await writeFile(join(folder, 'diary'), 'in the way')
      await assert.rejects(append('a') ?? Promise.resolve(), { code: 'STORE_UNWRITABLE' })
      await rm(join(folder, 'diary'))
      await append('b')
      assert.deepEqual(await texts(), ['b'])
    })

    it('rejects while a new part cannot be made, and works again once it can', async () => {
      await open()
      await append('a')
      await mkdir(pathOf('2'))
      await assert.rejects(append('b', '2') ?? Promise.resolve(), { code: 'STORE_UNWRITABLE' })
      await append('c')
      await rm(pathOf('2'), { recursive: true })
      await append('d', '2')
      assert.deepEqual(await texts(), ['a', 'c', 'd'])
    })
  })

  it('keeps every acknowledged write, whole, through kills at any moment', async () => {
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < 8; round += 1) {
      const { child, lines } = startJob('write')
      let seen = 0
      for await (const line of lines) {
        const [, what = '', n] = /^(.*) (\d+)$/.exec(line) ?? []
        acknowledged.set(what, Number(n))
        seen += 1
        if (seen === 1) setTimeout(() => child.kill('SIGKILL'), Math.random() * 80)
      }
      const collection = await (await open()).open(numbers)
      for (const id of ['a', 'b', 'c']) {
        const { n, text } = (await collection.get(id)) ?? { n: 0, text: '' }
        const known = acknowledged.get(`document ${id}`) ?? 0
        assert.ok(n === known || n === known + 1, `${id} is ${n} after ${known} was acknowledged`)
        assert.equal(text.length, n === 0 ? 0 : 500)
        acknowledged.set(`document ${id}`, n)
      }
      let line = 0
      for await (const { text } of store?.read('diary') ?? []) {
        line += 1
        assert.equal(text, `${line} ${'x'.repeat(line % 3000)}`)
      }
      const known = acknowledged.get('line') ?? 0
      assert.ok(line >= known && line <= known + 2, `${line} lines after ${known} were acknowledged`)
      acknowledged.set('line', line)
      assert.deepEqual(
        (await filesOf('numbers')).filter((file) => !file.endsWith('.json')),
        [],
      )
      await close()
    }
    assert.ok((acknowledged.get('line') ?? 0) > 8)
  })

  it('leaves memory and disk as they were when the disk is full, and goes on once there is room', async () => {
    const { child, lines } = start(
      'sh',
      '-c',
      'ulimit -f 200; exec "$0" "$@"',
      process.execPath,
      childFile,
      'fill',
      folder,
    )
    const said: string[] = []
    for await (const line of lines) said.push(line)
    assert.deepEqual(said, [
      'small document kept',
      'large document STORE_UNWRITABLE',
      'in memory 1, 1 file',
      'small line kept',
      'line beside a large one STORE_UNWRITABLE',
      'large line STORE_UNWRITABLE',
      'in the log: first a',
      'line after it kept',
      'document after it kept',
    ])
    assert.equal(child.signalCode, null)
    assert.equal((await filesOf('numbers')).length, 1)
    assert.equal(await readFile(join(folder, 'diary', '1.jsonl'), 'utf8'), 'first a\nthen c\n')
    const collection = await (await open()).open(numbers)
    assert.equal((await collection.get('a'))?.n, 3)
  })
})
