import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import { readSettings } from '../src/config.ts'
import { startDemo } from '../src/sandbox/demo.ts'
import { startSandboxExchange } from '../src/sandbox/exchange/server.ts'
import { openFileStore } from '../src/store/files.ts'

/** The people of the demo, by what they may do. */
export const people = {
  helpdesk: 'Hanna Berg',
  approver: 'Omar Haddad',
  security: 'Ines Duarte',
  full: 'Viktor Lind',
  nobody: 'Noah Klein',
} as const

/**
 * The whole bot between a small Exchange and a small Teams, over HTTP with signed tokens. `stop` and `start` restart the bot
 * on the same folder while both go on.
 */
export async function startDesk(env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'desk-'))
  const exchange = await startSandboxExchange()
  let url = ''
  const demo = await startDemo({ folder, port: 0, exchange: exchange.url, endpoint: () => `${url}/api/messages` })
  const settings = readSettings({ ...demo.env, PORT: '0', ...env })

  async function start() {
    const store = await openFileStore({ folder: join(folder, 'store'), kind: 'demo' })
    const app = await createApp({
      settings,
      store,
      demo: true,
      unsigned: false,
      first: demo.first,
      now: () => new Date(),
      wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
      log: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
    })
    url = await app.listen()
    await app.connectors.add(demo.connector)
    while (!app.connectors.complete()) await setTimeout(10)
    return app
  }

  let app = await start()
  return {
    exchange,
    teams: demo.teams,
    folder,
    url: () => url,
    async restart() {
      await app.close()
      app = await start()
    },
    async close() {
      await app.close()
      await demo.close()
      await exchange.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type TestDesk = Awaited<ReturnType<typeof startDesk>>
