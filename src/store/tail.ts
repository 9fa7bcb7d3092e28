import { constants, open } from 'node:fs/promises'
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

/** A file that is opened so is durable with each write (open(2), O_DSYNC); where that is not known, datasync() follows. */
const durably = process.platform === 'linux' ? constants.O_DSYNC : 0
const growing = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | durably

/** Opens a file for appending, and durably makes it in its folder if it is not there. */
export async function openTail(folder: Folder, path: string): Promise<Tail> {
  await using opened = new AsyncDisposableStack()
  const handle = opened.adopt(await open(path, growing, 0o600), (file) => file.close())
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
        if (!durably) await handle.datasync()
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
