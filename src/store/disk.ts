import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { together } from './turns.ts'

export interface Folder {
  readonly path: string
  /** Makes the names in this folder durable: what was created, renamed or deleted before the call. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Whether a file is not there. */
export const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Opens a folder that is there; Windows cannot sync one, and NTFS keeps a journal of its names by itself. */
async function openExisting(path: string): Promise<Folder> {
  if (process.platform === 'win32') return { path, sync: async () => {}, close: async () => {} }
  const handle = await open(path)
  return { path, sync: together(() => handle.sync()), close: () => handle.close() }
}

/** Opens a folder and durably makes it first, with those above it, if it is not there. */
export async function openFolder(path: string): Promise<Folder> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 })
  for (let at = resolve(path); made && at.length >= resolve(made).length; at = dirname(at)) {
    const above = await openExisting(dirname(at))
    await above.sync()
    await above.close()
  }
  return openExisting(path)
}

/** Opens a folder in another and makes it if it is not there; the first time that it is synced, its own name is too. */
export async function openFolderIn(above: Folder, name: string): Promise<Folder> {
  const path = join(above.path, name)
  await mkdir(path, { recursive: true, mode: 0o700 })
  const folder = await openExisting(path)
  let isDurable = false
  return {
    ...folder,
    async sync() {
      await folder.sync()
      if (!isDurable) await above.sync()
      isDurable = true
    },
  }
}

export const temporarySuffix = '.tmp'

/** Replaces a whole file: after a kill or a power loss it holds the old text or the new one, after a failure the old. */
export async function replaceFile(folder: Folder, name: string, text: string): Promise<void> {
  const path = join(folder.path, name)
  const temporary = path + temporarySuffix
  try {
    await writeFile(temporary, text, { flush: true, mode: 0o600 })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await folder.sync()
}

export async function deleteFile(folder: Folder, name: string): Promise<void> {
  await rm(join(folder.path, name), { force: true })
  await folder.sync()
}
