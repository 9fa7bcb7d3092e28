/** A process of its own for the tests: it learns of a change, tells of it, and ends at once when it has come to a step. */

import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { createLocalWork } from '../../src/store/work.ts'
import { readPhones } from './phones.ts'
import { openNotifier } from './teams.ts'

const { folder, teams, round, step, time } = JSON.parse(process.argv[2] ?? '')
const now = () => new Date()
let times = 0
const notifier = await openNotifier({
  ...{ folder, teams, now, gather: 20 },
  work: createLocalWork({ now, log: pino({ level: 'silent' }) }),
  pace: {
    now: () => performance.now(),
    wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
  },
  onStep(what) {
    if (what === step) times += 1
    if (times === time) process.kill(process.pid, 'SIGKILL')
  },
})
await readPhones(notifier, round)
await setTimeout(60_000)
