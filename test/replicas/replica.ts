/**
 * One process of the bot for tests, on a database or on a folder: as `npm start` makes it, but for the hurry of Teams' limits and a clock that may be ahead.
 * It says where it listens, can be told to die at a step, and ends with the process that started it.
 */

import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { readSettings } from '../../src/config.ts'
import { openFileStore } from '../../src/store/files.ts'
import { openDatabase } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import { openPostgresWork } from '../../src/store/postgres/work.ts'
import { createLocalWork } from '../../src/store/work.ts'
import { AboutReplicaSchema, OrderSchema } from './about.ts'

const { env, first, hurry, ahead, patience, connector } = AboutReplicaSchema.parse(JSON.parse(process.argv[2] ?? ''))
const settings = readSettings(env)
const log = pino({ level: process.env.LOG_LEVEL ?? 'warn' }, pino.destination(2))
const now = () => new Date(Date.now() + ahead)
const begin = performance.now()
let lastStep: string | undefined

async function openStored() {
  const { DATABASE_URL: url, DATA_DIR: folder = '' } = settings
  if (url === undefined)
    return { store: await openFileStore({ folder, kind: 'demo' }), work: createLocalWork({ now, log }) }
  const database = await openDatabase({ url, kind: 'demo', log, patience })
  return { store: openPostgresStore({ database, log }), work: await openPostgresWork({ database, now, log }) }
}

const app = await createApp({
  settings,
  ...(await openStored()),
  demo: true,
  unsigned: false,
  first,
  now,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
  pace: {
    now: () => begin + (performance.now() - begin) * hurry,
    wait: (milliseconds, signal) => setTimeout(milliseconds / hurry, undefined, { signal, ref: false }),
  },
  patience: 15_000,
  onStep(step) {
    if (step === lastStep) process.kill(process.pid, 'SIGKILL')
  },
  log,
})

process.on('message', (message) => {
  lastStep = OrderSchema.parse(message).step
})
process.once('disconnect', () => process.exit(1))
process.once('SIGTERM', () => {
  app.close().then(
    () => process.exit(0),
    (error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
const listens = await app.listen()
if (connector !== undefined) await app.connectors.add(app.connectors.check(connector))
process.send?.({ url: listens })
