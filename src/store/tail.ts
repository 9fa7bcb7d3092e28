import { open } from 'node:fs/promises'
import type { Folder } from './disk.ts'

/** The end of a file that only grows. */
export interface Tail {
  /** How much of the file is durable; what lies behind was never acknowledged. */
  size(): number
  /** Resolves once the text is durable; when it rejects, nothing of it is kept. */
  append(text: string): Promise<void>
  /** Takes away what lies behind this size. */
  cut(size: number): Promise<void>
  /** Closes the file when nothing half written is left in it. */
  close(): Promise<void>
}

/** Opens a file for appending, and durably makes it in its folder if it is not there. */
export async function openTail(folder: Folder, path: string): Promise<Tail> {
  await using opened = new AsyncDisposableStack()
  const handle = opened.adopt(await open(path, 'a', 0o600), (file) => file.close())
  await folder.sync()
  let { size } = await handle.stat()
  let torn = false
  opened.move()

  async function mend(): Promise<void> {
    if (!torn) return
    await handle.truncate(size)
    await handle.sync()
    torn = false
  }

  return {
    size: () => size,

    async append(text) {
      await mend()
      try {
        await handle.appendFile(text)
        await handle.datasync()
      } catch (error) {
        torn = true
        await mend()
        throw error
      }
      size += Buffer.byteLength(text)
    },

    async cut(to) {
      size = to
      torn = true
      await mend()
    },

    async close() {
      await mend()
      await handle.close()
    },
  }
}
