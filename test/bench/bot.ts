/** Device Desk with production settings in a process of its own, with Teams' limits lifted: they allow 50 messages a second. */

import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { readSettings } from '../../src/config.ts'
import { openFileStore } from '../../src/store/files.ts'
import { createLocalWork } from '../../src/store/work.ts'

const hurry = 10_000
const now = () => new Date()
const settings = readSettings(process.env)
const log = pino({ level: settings.LOG_LEVEL })
const app = await createApp({
  settings,
  store: await openFileStore({ folder: settings.DATA_DIR ?? 'data', kind: 'production', log }),
  work: createLocalWork({ now, log }),
  demo: false,
  unsigned: false,
  first: [],
  now,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
  pace: {
    now: () => performance.now() * hurry,
    wait: (milliseconds, signal) => setTimeout(milliseconds / hurry, undefined, { signal, ref: false }),
  },
  log,
  onStep: () => {},
})
console.log(await app.listen())
process.once('SIGTERM', () => app.close().then(() => process.exit()))
