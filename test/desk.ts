import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import { type AuditRecord, readRecord } from '../src/audit/chain.ts'
import { readSettings } from '../src/config.ts'
import { startDemo } from '../src/sandbox/demo.ts'
import { startSandboxExchange } from '../src/sandbox/exchange/server.ts'
import { openFileStore } from '../src/store/files.ts'
import type { Store } from '../src/store/store.ts'
import { createLocalWork } from '../src/store/work.ts'

/** The people of the demo, by what they may do. */
export const people = {
  helpdesk: 'Hanna Berg',
  approver: 'Omar Haddad',
  security: 'Ines Duarte',
  full: 'Viktor Lind',
  nobody: 'Noah Klein',
} as const

/** What a test reads of an answer. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape.
export type Json = any

/** Teams' limits and refreshes count minutes; a test does not wait for them. */
export const hurry = 1000
const begin = Date.now()
export const fastClock = () => begin + (Date.now() - begin) * hurry

/**
 * The whole bot between a small Exchange and a small Teams, over HTTP with signed tokens. `restart` restarts the bot on the
 * same folder while both go on; `around` may put something between the bot and its store.
 */
export async function startDesk(
  env: Record<string, string> = {},
  {
    unsigned = false,
    around = (store) => store,
    graph,
  }: {
    unsigned?: boolean
    around?: (store: Store) => Store
    /** The host of a small Microsoft Graph. */
    graph?: string
  } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'desk-'))
  const exchange = await startSandboxExchange()
  let url = ''
  const endpoint = () => `${url}/api/messages`
  const demo = await startDemo({ folder, port: 0, exchange: exchange.url, endpoint, now: fastClock })
  const settings = readSettings({ ...demo.env, PORT: '0', ...(graph && { GRAPH_CREDENTIAL: 'graph' }), ...env })
  if (graph !== undefined)
    await writeFile(
      join(settings.CREDENTIALS_DIR, 'graph.json'),
      JSON.stringify({ hosts: [graph], clientId: demo.teams.directory.tenant, secret: 'of Graph' }),
      { mode: 0o600 },
    )
  const logged: string[] = []
  const log = pino({ level: process.env.LOG_LEVEL ?? 'debug' }, { write: (line) => void logged.push(line) })

  async function start(patience = 30_000) {
    const store = around(await openFileStore({ folder: join(folder, 'store'), kind: 'demo' }))
    const work = createLocalWork({ now: () => new Date(), log })
    const app = await createApp({
      settings,
      store,
      work,
      demo: true,
      unsigned,
      first: demo.first,
      pretend: demo.pretend,
      now: () => new Date(),
      wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
      patience,
      pace: {
        now: fastClock,
        wait: (milliseconds, signal) => setTimeout(milliseconds / hurry, undefined, { signal, ref: false }),
      },
      onStep: () => {},
      log,
    })
    url = await app.listen()
    await app.connectors.add(app.connectors.check(demo.connector))
    await eventually(() => app.connectors.complete())
    return app
  }

  let app = await start()
  return {
    exchange,
    teams: demo.teams,
    folder,
    /** Every line of the log so far. */
    logged,
    url: () => url,

    /** The sandbox Exchange's control port. */
    async control(method: string, path: string, body?: unknown): Promise<Json> {
      const response = await fetch(`${exchange.url}/_sandbox/${path}`, {
        method,
        body: body === undefined ? null : JSON.stringify(body),
      })
      return response.json()
    },

    /** The audit record as it lies on disk. */
    async audit(): Promise<AuditRecord[]> {
      const audit = join(folder, 'store', 'audit')
      const parts = (await readdir(audit)).filter((name) => name.endsWith('.jsonl')).sort()
      const texts = await Promise.all(parts.map((name) => readFile(join(audit, name), 'utf8')))
      return texts.flatMap((text) => text.trim().split('\n').filter(Boolean).map(readRecord))
    },

    /** Reads all of Exchange anew. */
    async sync() {
      const { name } = demo.connector
      const before = app.connectors.get(name).full?.at
      await app.connectors.sync(name, 'full')
      await eventually(() => app.connectors.get(name).full?.at !== before)
    },

    /** Restarts the bot; on a busy machine nobody is told that work is under way, unless `patience` says how soon. */
    async restart(patience?: number) {
      await app.close()
      app = await start(patience)
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

/** Everything that a card shows to a reader, line by line. */
export function textOf(card: Json): string {
  if (Array.isArray(card)) return card.map(textOf).filter(Boolean).join('\n')
  if (typeof card !== 'object' || card === null) return ''
  const { text, inlines, ...parts } = card
  if (inlines !== undefined) return inlines.map(textOf).join('')
  return [typeof text === 'string' ? text : '', ...Object.values(parts).map(textOf)].filter(Boolean).join('\n')
}

/** Asks again until there is an answer; gives up after so many seconds. */
export async function eventually<T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 60,
): Promise<T> {
  const limit = AbortSignal.timeout(seconds * 1000)
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    limit.throwIfAborted()
    await setTimeout(5)
  }
}
