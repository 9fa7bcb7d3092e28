import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { z } from 'zod'

/** Tests kill processes, not the machine. */
const hasty = ['-c', 'fsync=off', '-c', 'full_page_writes=off']

/** For machines where others are busy too. */
export const unhurried = { connect: 4000, quick: 4000 }

/** Starts PostgreSQL; `options` are those of the server. */
export async function startPostgres(options: readonly string[] = hasty) {
  const child = fork(join(import.meta.dirname, 'postgres-server.ts'), options, { serialization: 'json' })
  const ended = once(child, 'exit')
  const [message] = await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('PostgreSQL did not start.'))),
  ])
  const { url } = z.object({ url: z.string() }).parse(message)
  let made = 0

  /** Runs statements by themselves, as an administrator of the database would. */
  async function run(statement: string, address = `${url}/postgres`) {
    const client = new pg.Client(address)
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }

  return {
    run,

    /** Makes an empty database and resolves to its address. */
    async database(): Promise<string> {
      made += 1
      const name = `test${made}`
      await run(`create database ${name}`)
      return `${url}/${name}`
    },

    async close(): Promise<void> {
      child.disconnect()
      await ended
    },
  }
}

export type TestPostgres = Awaited<ReturnType<typeof startPostgres>>
