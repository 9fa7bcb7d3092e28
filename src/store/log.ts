import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BotError } from '../errors.ts'
import type { Folder } from './disk.ts'
import { fileOfPart, linesBack, linesOf, partsIn } from './lines.ts'
import type { LogLine } from './store.ts'
import { together } from './turns.ts'

/** A line that somebody waits for. */
interface Waiting {
  make(last: LogLine | undefined): { line: LogLine; kept(): void }
  reject(error: unknown): void
}

/** The file that grows. What lies behind `size` was never acknowledged. */
interface Growing {
  readonly part: string
  readonly handle: FileHandle
  size: number
  torn: boolean
}

function check({ part, text }: LogLine, before: LogLine | undefined): void {
  if (before && part < before.part) throw new Error(`The part ${part} lies before ${before.part}.`)
  if (/[\n/\\]/.test(part) || text.includes('\n')) throw new Error('A line of a log is one line.')
}

/** Opens a log, a folder with a file for each part. What a power loss left half written is cut off. */
export async function openLog(folder: Folder, warn: (message: string) => void) {
  const pathOf = (part: string) => join(folder.path, fileOfPart(part))
  const parts = await partsIn(folder.path)
  let growing: Growing | undefined
  let last: LogLine | undefined
  let waiting: Waiting[] = []

  async function grow(part: string): Promise<Growing> {
    const handle = await open(pathOf(part), 'a', 0o600)
    try {
      await folder.sync()
      return { part, handle, size: (await handle.stat()).size, torn: false }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async function cut(file: Growing): Promise<void> {
    await file.handle.truncate(file.size)
    await file.handle.sync()
    file.torn = false
  }

  /** Makes sure that lines go to the end of this part and to nothing else. */
  async function turnTo(part: string): Promise<Growing> {
    if (growing?.torn) await cut(growing)
    if (growing?.part === part) return growing
    const next = await grow(part)
    await growing?.handle.close()
    growing = next
    if (!parts.includes(part)) parts.push(part)
    parts.sort()
    return next
  }

  async function commit(part: string, text: string): Promise<void> {
    const file = await turnTo(part)
    try {
      await file.handle.appendFile(text)
      await file.handle.datasync()
      file.size += Buffer.byteLength(text)
    } catch (error) {
      file.torn = true
      await cut(file)
      throw error
    }
  }

  /** Takes the waiting lines that go to one part; a line that cannot be made is refused alone. */
  function takeGroup() {
    const group: { line: LogLine; kept(): void; reject(error: unknown): void }[] = []
    let taken = 0
    for (const { make, reject } of waiting) {
      const before = group.at(-1)?.line ?? last
      try {
        const made = make(before)
        check(made.line, before)
        if (group[0] && group[0].line.part !== made.line.part) break
        group.push({ ...made, reject })
      } catch (error) {
        reject(error)
      }
      taken += 1
    }
    waiting = waiting.slice(taken)
    return group
  }

  const flush = together(async () => {
    while (waiting.length > 0) {
      const group = takeGroup()
      const newest = group.at(-1)?.line
      if (!newest) continue
      try {
        await commit(newest.part, group.map(({ line }) => `${line.text}\n`).join(''))
        last = newest
        for (const { kept } of group) kept()
      } catch (cause) {
        for (const { reject } of group) reject(new BotError('STORE_UNWRITABLE', '', { cause }))
      }
    }
  })

  for (const part of parts.toReversed()) {
    growing ??= await grow(part)
    let whole = 0
    for await (const { text, end } of linesBack(pathOf(part))) {
      last = { part, text }
      whole = end
      break
    }
    if (growing.part === part && growing.size > whole) {
      warn(`The last ${growing.size - whole} bytes of ${pathOf(part)} were half written and have been cut off.`)
      growing.size = whole
      await cut(growing)
    }
    if (last) break
  }

  return {
    append<L extends LogLine>(make: (last: LogLine | undefined) => L): Promise<L> {
      const { promise, resolve, reject } = Promise.withResolvers<L>()
      const makeOnce = (before: LogLine | undefined) => {
        const line = make(before)
        return { line, kept: () => resolve(line) }
      }
      waiting.push({ make: makeOnce, reject })
      void flush()
      return promise
    },

    async *read(from = ''): AsyncIterable<LogLine> {
      for (const part of parts.filter((one) => one >= from)) {
        const size = growing?.part === part ? growing.size : undefined
        for await (const text of linesOf(pathOf(part), size)) yield { part, text }
      }
    },

    /** Only what is durable. */
    async *readBack(): AsyncIterable<LogLine> {
      for (const part of parts.toReversed()) {
        const size = growing?.part === part ? growing.size : Number.POSITIVE_INFINITY
        for await (const { text, end } of linesBack(pathOf(part))) if (end <= size) yield { part, text }
      }
    },

    async dropBefore(part: string): Promise<void> {
      while (parts[0] !== undefined && parts[0] < part && parts[0] !== last?.part) {
        await rm(pathOf(parts[0]), { force: true })
        parts.shift()
      }
      await folder.sync()
    },

    async close(): Promise<void> {
      await flush()
      await growing?.handle.close()
    },
  }
}
