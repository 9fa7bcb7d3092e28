import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BotError } from '../errors.ts'

/** SQLITE_BUSY, sqlite.org/rescode.html */
const busy = 5

/**
 * Makes this process the owner of a folder until it lets go or ends, however it ends, and refuses with STORE_BUSY while
 * another one is. The lock is the operating system's own on a file, so none is ever left behind and no process id can be
 * mistaken for another's; SQLite is how Node reaches it. `owner.pid` beside it only tells people who holds it.
 */
export async function own(folder: string, warn: (message: string) => void): Promise<() => Promise<void>> {
  const named = join(folder, 'owner.pid')
  // Two that start at once hinder each other for an instant: the time-out lets one of them win.
  const lock = new DatabaseSync(join(folder, 'owner.lock'), { timeout: 250 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === busy)) throw cause
    throw new BotError('STORE_BUSY', await readFile(named, 'utf8').catch(() => 'unknown'), { cause })
  }
  await writeFile(named, `${process.pid}`).catch((error) => warn(`${named} could not be written: ${error}`))
  return async () => {
    await rm(named, { force: true })
    lock.close()
  }
}
