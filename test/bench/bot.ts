/** Device Desk with production settings in a process of its own, with Teams' limits lifted unless HURRY is 1: they allow 50 messages a second. */

import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { readSettings } from '../../src/config.ts'
import { openFileStore } from '../../src/store/files.ts'
import { openDatabase } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openPostgresWork } from '../../src/store/postgres/work.ts'
import { createLocalWork } from '../../src/store/work.ts'

const hurry = Number(process.env.HURRY ?? 10_000)
const now = () => new Date()
const settings = readSettings(process.env)
const log = pino({ level: settings.LOG_LEVEL })

async function openStored() {
  const { DATABASE_URL: url, DATA_DIR: folder = 'data' } = settings
  if (url === undefined)
    return {
      store: await openFileStore({ folder, kind: 'production', log }),
      work: createLocalWork({ now, log }),
    }
  const database = await openDatabase({ url, kind: 'production', log })
  return { store: openPostgresStore({ database, log }), work: await openPostgresWork({ database, now, log }) }
}

const app = await createApp({
  settings,
  ...(await openStored()),
  demo: false,
  unsigned: false,
  first: [],
  now,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
  patience: 1500,
  pace: {
    now: () => performance.now() * hurry,
    wait: (milliseconds, signal) => setTimeout(milliseconds / hurry, undefined, { signal, ref: false }),
  },
  log,
  onStep: () => {},
})
const url = await app.listen()
// As main.ts does.
setFlagsFromString('--heap-growing-percent=100')
console.log(url)
process.once('SIGTERM', () => app.close().then(() => process.exit()))
