import { z } from 'zod'
import { BotError } from '../../errors.ts'
import type { Store } from '../store.ts'
import { createTurns } from '../turns.ts'
import { type Database, type DatabaseLog, patient } from './database.ts'
import { openDocuments } from './documents.ts'
import { openFeed } from './feed.ts'
import { createLog } from './lines.ts'

const hour = 60 * 60_000

/** A database as the store of any number of processes. Closing it closes the database. */
export function openPostgresStore({ database, log }: { database: Database; log: DatabaseLog }): Store {
  const feed = openFeed(database, log)
  const turns = createTurns(1)
  const collections = new Set<string>()
  const logs = new Map<string, ReturnType<typeof createLog>>()
  let closed = false

  function logOf(name: string) {
    const known = logs.get(name) ?? createLog(database, name)
    logs.set(name, known)
    return known
  }

  /** What was taken is forgotten from time to time. */
  const forgetting = setInterval(() => {
    database
      .query(z.unknown(), "delete from device_desk.taken where at < now() - interval '1 day'", [], patient)
      .catch((error) => log.warn({ err: error }, 'old keys could not be deleted'))
  }, hour)
  forgetting.unref()

  return {
    shared: {
      usable: feed.alive,
      processes: feed.processes,
      async take(key) {
        const text = 'insert into device_desk.taken (key) values ($1) on conflict do nothing returning key'
        const taken = await database.query(z.unknown(), text, [key]).catch((cause) => {
          throw new BotError('STORE_UNWRITABLE', '', { cause })
        })
        return taken.length > 0
      },
    },

    async open(definition) {
      const { name } = definition
      if (collections.has(name)) throw new Error(`The collection ${name} is open already.`)
      collections.add(name)
      return openDocuments({ database, feed, turns }, definition)
    },

    async append(name, make) {
      if (closed) throw new BotError('STORE_UNWRITABLE', '', { cause: new Error('The store is closed.') })
      return logOf(name).append(make)
    },

    read: (name, fromPart) => logOf(name).read(fromPart),
    readBack: (name) => logOf(name).readBack(),
    dropBefore: (name, part) => logOf(name).dropBefore(part),

    async close() {
      closed = true
      clearInterval(forgetting)
      await turns.close()
      await Promise.all([...logs.values()].map((one) => one.close()))
      await feed.close()
      await database.close()
    },
  }
}
