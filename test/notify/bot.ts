/** The whole bot as a process of its own, which ends by kill -9 when it is about to keep an event of the kind that it was told. */

import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { readSettings } from '../../src/config.ts'
import { openFileStore } from '../../src/store/files.ts'
import { createLocalWork } from '../../src/store/work.ts'
import { fastClock, hurry } from '../desk.ts'

const { env, first, connector } = JSON.parse(process.argv[2] ?? '')
const settings = readSettings(env)
const log = pino({ level: 'warn' }, pino.destination(2))
const now = () => new Date()
let doom: string | undefined
const files = await openFileStore({ folder: env.DATA_DIR, kind: 'demo' })

const app = await createApp({
  settings,
  store: {
    ...files,
    append(name, make) {
      if (doom && name === 'events' && make(undefined).text.includes(`"kinds":["${doom}"]`))
        process.kill(process.pid, 'SIGKILL')
      return files.append(name, make)
    },
  },
  work: createLocalWork({ now, log }),
  demo: true,
  unsigned: false,
  first,
  now,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
  patience: 30_000,
  pace: {
    now: fastClock,
    wait: (milliseconds, signal) => setTimeout(milliseconds / hurry, undefined, { signal, ref: false }),
  },
  onStep: () => {},
  log,
})
process.on('message', (kind) => {
  doom = String(kind)
  process.send?.('doomed')
})
process.once('disconnect', () => process.exit(0))
const url = await app.listen()
if (app.connectors.all().length === 0) await app.connectors.add(app.connectors.check(connector))
process.send?.({ url })
