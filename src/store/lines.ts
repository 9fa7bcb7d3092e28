import { createReadStream } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogLine } from './store.ts'

const suffix = '.jsonl'
const newline = 0x0a
const blockSize = 65536

export const fileOfPart = (part: string) => part + suffix

/** The parts of a log that lie in a folder, in order. */
export async function partsIn(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(suffix))
  return files.map((file) => file.slice(0, -suffix.length)).sort()
}

/** The whole lines of a file, the oldest first. */
export async function* linesOf(path: string, size = Number.POSITIVE_INFINITY): AsyncIterable<string> {
  if (size === 0) return
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', end: size - 1 })) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** The whole lines of a file and where each ends, the newest first. */
export async function* linesBack(path: string): AsyncIterable<{ text: string; end: number }> {
  const handle = await open(path)
  try {
    let at = (await handle.stat()).size
    let rest = Buffer.alloc(0)
    while (at > 0) {
      const length = Math.min(at, blockSize)
      at -= length
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, at)
      const block = Buffer.concat([buffer, rest])
      let stop = block.lastIndexOf(newline)
      while (stop >= 0) {
        const before = stop === 0 ? -1 : block.lastIndexOf(newline, stop - 1)
        if (before < 0 && at > 0) break
        yield { text: block.toString('utf8', before + 1, stop), end: at + stop + 1 }
        stop = before
      }
      rest = stop < 0 ? block : block.subarray(0, stop + 1)
    }
  } finally {
    await handle.close()
  }
}

/** Reads a log without owning it, from the oldest line on; a line that is just being written is not seen. */
export async function* readLog(folder: string): AsyncIterable<LogLine> {
  for (const part of await partsIn(folder))
    for await (const text of linesOf(join(folder, fileOfPart(part)))) yield { part, text }
}

export async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item
  return undefined
}
