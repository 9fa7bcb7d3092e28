import { alternate, atMost, type Bench, type Target, timed } from './bench.ts'
import { startChild } from './child.ts'
import { storedFleet, temporaryFolder } from './fleet.ts'
import { startTeams } from './teams.ts'

const later = (seconds: number): Target => ({
  text: `≤ baseline + ${seconds} s`,
  holds: ({ ours, baseline }) => ours <= baseline + seconds,
})

const ours = new URL('../../src/index.ts', import.meta.url)
const echo = new URL('echo.ts', import.meta.url)

/** From the start of a process to its first answer: what `npm start` runs with production settings, and the echo bot. */
export const start: Bench = {
  name: 'start',
  async run(plan) {
    await using teams = await startTeams()
    await using empty = await temporaryFolder()
    await using fleet = await storedFleet(plan.sized(100_000))
    /** Seconds until the first answer to these words. */
    const first = (script: URL, folder: string, words: string) => async () => {
      await using stack = new AsyncDisposableStack()
      const taken = await timed(async () => {
        const bot = stack.use(await startChild(script, { ...teams.env, DATA_DIR: folder }))
        await teams.say(bot.url, words)
      })
      return taken / 1000
    }
    const help = first(ours, empty.path, 'help')
    const answered = await alternate(plan, help, first(echo, empty.path, 'help'))
    const found = await alternate(plan, first(ours, fleet.path, 'find adele'), help)
    return [
      { name: 'start: to the first help', ...answered, unit: 's', target: atMost(1.5) },
      { name: 'start: to the first find of 100,000, beside help', ...found, unit: 's', target: later(1.5) },
    ]
  },
}
