import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import type { SandboxTeams } from '../../src/sandbox/teams/start.ts'
import { createLocalWork } from '../../src/store/work.ts'
import { eventually, type Json, textOf } from '../desk.ts'
import { ownersOf, readPhones } from './phones.ts'
import { channelOf, type Notifier, openNotifier, startTeams } from './teams.ts'

const channel = channelOf(0)
const busy = 60

describe('notifications after kill -9', () => {
  let folder: string
  let teams: SandboxTeams
  let notifier: Notifier | undefined

  async function open(): Promise<Notifier> {
    const now = () => new Date()
    notifier = await openNotifier({
      ...{ folder, teams, now, gather: 20, onStep: () => {} },
      work: createLocalWork({ now, log: pino({ level: 'silent' }) }),
      pace: {
        now: () => performance.now(),
        wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal, ref: false }),
      },
    })
    return notifier
  }
  async function close(): Promise<void> {
    await notifier?.close()
    notifier = undefined
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'notify-'))
    teams = await startTeams(folder, 1)
    const first = await open()
    await first.listen(channel)
    await readPhones(first, -1)
    await close()
  })
  after(async () => {
    await close()
    await teams.close()
    await rm(folder, { recursive: true })
  })

  /** How often the channel reads of each phone of a round. */
  function tellings(round: number): number[] {
    const cards = teams.messages('viktor', channel).map(({ attachments }) => textOf((attachments[0] as Json)?.content))
    const lines = cards.flatMap((text) => text.split('\n')).filter((line) => line.endsWith(' was blocked.'))
    return ownersOf(round).map((owner) => lines.filter((line) => line.startsWith(`${owner}_`)).length)
  }

  const steps = [
    ['that is stored and not yet published', 'changed', 1],
    ['that is published and not yet known to be', 'published', 1],
    ['that waits in the queue', 'queued', 1],
    ['of which one message is told and the next about to be', 'posting', 2],
    ['of which Teams has a message that is not yet known to be told', 'posted', 2],
  ] as const
  for (const [round, [what, step, time]] of steps.entries())
    it(`tell of a change ${what}`, async () => {
      const child = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          join(import.meta.dirname, 'child.ts'),
          JSON.stringify({ folder, teams: { url: teams.url, settings: teams.settings }, round, step, time }),
        ],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      )
      const [, signal] = await once(child, 'exit')
      assert.equal(signal, 'SIGKILL')
      const before = tellings(round)
      assert.equal(before.filter((times) => times > 0).length, { posting: 1, posted: 2 }[step as string] ?? 0)

      const { notify } = await open()
      await eventually(
        async () => tellings(round).every((times) => times > 0) && (await notify.load()).waiting === 0,
        busy,
      )
      await close()
      assert.deepEqual(
        tellings(round).toSorted(),
        step === 'posted' ? [1, 1, 2] : [1, 1, 1],
        'twice only where nobody knew',
      )
    }).timeout(busy * 2000)
})
