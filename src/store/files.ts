import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { BotError } from '../errors.ts'
import { openCollection } from './collection.ts'
import { type Folder, isMissing, openFolder, openFolderIn, replaceFile } from './disk.ts'
import { type Log, openLog } from './log.ts'
import { own } from './owner.ts'
import type { Store } from './store.ts'
import { createTurns } from './turns.ts'

const KindSchema = z.enum(['demo', 'production'])

export type Kind = z.infer<typeof KindSchema>

const markFile = 'device-desk.json'
const MarkSchema = z.object({ kind: KindSchema })

/** How many documents are read and written side by side. */
const openFiles = 64

/** Marks the folder on first use. */
async function claim(folder: Folder, kind: Kind): Promise<void> {
  const path = join(folder.path, markFile)
  const text = await readFile(path, 'utf8').catch((error) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (text === undefined) return replaceFile(folder, markFile, JSON.stringify({ kind }))
  const mark = MarkSchema.parse(JSON.parse(text))
  if (mark.kind !== kind)
    throw new BotError('STORE_FOREIGN', `${folder.path} belongs to ${mark.kind}; set DATA_DIR to another for ${kind}`)
}

/** Says of which folder a failure at opening speaks, unless that is said already. */
async function opening<T>(path: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job()
  } catch (cause) {
    if (cause instanceof BotError) throw cause
    const reason = cause instanceof Error ? cause.message : cause
    throw new BotError('STORE_FOREIGN', `${path} cannot be opened (${reason}); mend that or set DATA_DIR`, { cause })
  }
}

/**
 * Opens a folder as the store: a file for each document in a folder for each collection, a file for each part in a
 * folder for each log. Throws STORE_BUSY when another process has it, and STORE_FOREIGN when it is of the other kind
 * or cannot be used.
 */
export async function openFileStore(options: {
  readonly folder: string
  readonly kind: Kind
  readonly log?: { warn(message: string): void }
}): Promise<Store> {
  const path = options.folder
  const warn = (message: string) => options.log?.warn(message)
  const turns = createTurns(openFiles)
  const collections = new Set<string>()
  const logs = new Map<string, Promise<Log>>()
  let closed = false

  const { all, toClose } = await opening(path, async () => {
    await using opened = new AsyncDisposableStack()
    const folder = opened.adopt(await openFolder(path), ({ close }) => close())
    opened.defer(await own(path, warn))
    await claim(folder, options.kind)
    return { all: folder, toClose: opened.move() }
  })

  async function folderOf(name: string) {
    const folder = await openFolderIn(all, name)
    toClose.defer(folder.close)
    return folder
  }

  async function openLogIn(name: string) {
    const log = await opening(join(path, name), async () => openLog(await folderOf(name), warn))
    toClose.defer(log.close)
    return log
  }

  function logOf(name: string) {
    if (closed) throw new Error('The store is closed.')
    const log = logs.get(name) ?? openLogIn(name)
    if (!logs.has(name)) log.catch(() => logs.delete(name))
    logs.set(name, log)
    return log
  }

  return {
    shared: undefined,

    open(definition) {
      const { name } = definition
      if (collections.has(name)) throw new Error(`The collection ${name} is open already.`)
      collections.add(name)
      return opening(join(path, name), async () => openCollection(await folderOf(name), definition, turns))
    },

    async append(name, make) {
      let log: Log
      try {
        log = await logOf(name)
      } catch (cause) {
        throw new BotError('STORE_UNWRITABLE', '', { cause })
      }
      return log.append(make)
    },

    async *read(name, fromPart) {
      yield* (await logOf(name)).read(fromPart)
    },

    async *readBack(name) {
      yield* (await logOf(name)).readBack()
    },

    async dropBefore(name, part) {
      await (await logOf(name)).dropBefore(part)
    },

    async close() {
      closed = true
      await turns.close()
      await toClose.disposeAsync()
    },
  }
}
