import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BotError } from '../errors.ts'
import type { Folder } from './disk.ts'
import { fileOfPart, firstOf, linesBack, linesOf, partsIn } from './lines.ts'
import type { LogLine } from './store.ts'
import { openTail, type Tail } from './tail.ts'
import { together } from './turns.ts'

/** A line that somebody waits for. */
export interface Waiting {
  make(last: LogLine | undefined): { line: LogLine; kept(): void }
  reject(error: unknown): void
}

export type Log = Awaited<ReturnType<typeof openLog>>

/** Throws when a line cannot follow another. */
export function checkLine({ part, text }: LogLine, before: LogLine | undefined): void {
  if (before && part < before.part) throw new Error(`The part ${part} lies before ${before.part}.`)
  if (/[\n/\\]/.test(part) || text.includes('\n')) throw new Error('A line of a log is one line.')
}

/** Opens a log, a folder with a file for each part. What a power loss left half written is cut off. */
export async function openLog(folder: Folder, warn: (message: string) => void) {
  const pathOf = (part: string) => join(folder.path, fileOfPart(part))
  const parts = await partsIn(folder.path)
  let growing: { readonly part: string; readonly tail: Tail } | undefined
  let last: LogLine | undefined
  let waiting: Waiting[] = []

  /** Lines go to the end of this part from now on, and to no other file. */
  async function turnTo(part: string): Promise<Tail> {
    if (growing?.part === part) return growing.tail
    await growing?.tail.close()
    growing = undefined
    const tail = await openTail(folder, pathOf(part))
    growing = { part, tail }
    if (!parts.includes(part)) parts.push(part)
    parts.sort()
    return tail
  }

  /** Takes the waiting lines that go to one part; a line that cannot be made is refused alone. */
  function takeGroup() {
    const group: { line: LogLine; kept(): void; reject(error: unknown): void }[] = []
    let taken = 0
    for (const { make, reject } of waiting) {
      const before = group.at(-1)?.line ?? last
      try {
        const made = make(before)
        checkLine(made.line, before)
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
        const tail = await turnTo(newest.part)
        await tail.append(group.map(({ line }) => `${line.text}\n`).join(''))
        last = newest
        for (const { kept } of group) kept()
      } catch (cause) {
        for (const { reject } of group) reject(new BotError('STORE_UNWRITABLE', '', { cause }))
      }
    }
  })

  const durableSize = (part: string) => (growing?.part === part ? growing.tail.size() : Number.POSITIVE_INFINITY)

  async function* readBack(): AsyncIterable<LogLine> {
    for (const part of parts.toReversed()) {
      const size = durableSize(part)
      for await (const { text, end } of linesBack(pathOf(part))) if (end <= size) yield { part, text }
    }
  }

  const newest = parts.at(-1)
  if (newest !== undefined) {
    const tail = await turnTo(newest)
    const whole = (await firstOf(linesBack(pathOf(newest))))?.end ?? 0
    if (tail.size() > whole) {
      warn(`The last ${tail.size() - whole} bytes of ${pathOf(newest)} were half written and have been cut off.`)
      await tail.cut(whole)
    }
  }
  last = await firstOf(readBack())

  return {
    append<L extends LogLine>(make: (last: LogLine | undefined) => L): Promise<L> {
      const { promise, resolve, reject } = Promise.withResolvers<L>()
      const makeKept = (before: LogLine | undefined) => {
        const line = make(before)
        return { line, kept: () => resolve(line) }
      }
      waiting.push({ make: makeKept, reject })
      void flush()
      return promise
    },

    async *read(from = ''): AsyncIterable<LogLine> {
      for (const part of parts.filter((one) => one >= from))
        for await (const text of linesOf(pathOf(part), durableSize(part))) yield { part, text }
    },

    readBack,

    async dropBefore(part: string): Promise<void> {
      while (parts[0] !== undefined && parts[0] < part && parts[0] !== last?.part) {
        await rm(pathOf(parts[0]), { force: true })
        parts.shift()
      }
      await folder.sync()
    },

    async close(): Promise<void> {
      await flush()
      await growing?.tail.close()
    },
  }
}
