/**
 * A process of its own for the tests, with a job and a folder as arguments: it says in lines what has happened, and is
 * killed or starved of disk from outside.
 */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBotError } from '../../src/errors.ts'
import { openFileStore } from '../../src/store/files.ts'
import { numbers } from './numbers.ts'

const [job, folder = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
const codeOf = (error: unknown) => (isBotError(error, 'STORE_UNWRITABLE') ? error.code : `unexpected: ${error}`)
const tell = async (what: string, attempt: Promise<unknown>) =>
  say(`${what} ${await attempt.then(() => 'kept', codeOf)}`)

/** Takes the folder and keeps it until it is killed. */
async function hold() {
  try {
    await openFileStore({ folder, kind: 'demo' })
    say('open')
    setInterval(() => {}, 1000)
  } catch (error) {
    say(error instanceof Error ? error.message : 'unexpected')
  }
}

/** Writes as fast as it can, and says of each write that it is durable. */
async function write() {
  const store = await openFileStore({ folder, kind: 'demo' })
  const collection = await store.open(numbers)
  const documents = async (id: string) => {
    for (;;) {
      const now = await collection.update(id, (old) => ({ n: (old?.n ?? 0) + 1, text: id.repeat(500) }))
      say(`document ${id} ${now?.n}`)
    }
  }
  const lines = async () => {
    for (;;) {
      const { text } = await store.append('diary', (last) => {
        const n = Number(last?.text.split(' ')[0] ?? 0) + 1
        return { part: `${Math.floor(n / 100)}`.padStart(6, '0'), text: `${n} ${'x'.repeat(n % 3000)}` }
      })
      say(`line ${text.split(' ')[0]}`)
    }
  }
  await Promise.all([documents('a'), documents('b'), documents('c'), lines(), lines()])
}

/** Runs with a limit on the size of a file: what is small fits, what is large hits the end of the disk half way. */
async function fill() {
  process.on('SIGXFSZ', () => {})
  const store = await openFileStore({ folder, kind: 'demo' })
  const collection = await store.open(numbers)
  const put = (n: number, size: number) => collection.put('a', { n, text: 'x'.repeat(size) })
  const append = (text: string) =>
    store.append('diary', (last) => ({ part: '1', text: `${last ? 'then' : 'first'} ${text}` }))
  await tell('small document', put(1, 100))
  await tell('large document', put(2, 1_000_000))
  say(`in memory ${(await collection.get('a'))?.n}, ${(await readdir(join(folder, 'numbers'))).length} file`)
  await tell('small line', append('a'))
  await Promise.all([tell('line beside a large one', append('b')), tell('large line', append('x'.repeat(1_000_000)))])
  say(`in the log: ${await readFile(join(folder, 'diary', '1.jsonl'), 'utf8')}`.trim())
  await tell('line after it', append('c'))
  await tell('document after it', put(3, 100))
  await store.close()
}

const jobs: Record<string, () => Promise<void>> = { hold, write, fill }
await jobs[job ?? '']?.()
