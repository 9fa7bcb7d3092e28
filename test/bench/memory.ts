import { atMost, type Bench, noTarget } from './bench.ts'
import { startChild } from './child.ts'
import { storedFleet, temporaryFolder } from './fleet.ts'
import { startTeams } from './teams.ts'

/** Megabytes that a bot holds, by its own metrics. */
async function residentMegabytes(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1]) / 2 ** 20
}

/** What a bot holds: with nothing stored beside an echo bot, with a fleet, and after many turns beside after half of them. */
export const memory: Bench = {
  name: 'memory',
  async run({ sized }) {
    await using teams = await startTeams()
    await using empty = await temporaryFolder()
    await using fleet = await storedFleet(sized(100_000))
    const start = (script: string, folder: string) =>
      startChild(new URL(script, import.meta.url), { ...teams.env, DATA_DIR: folder })
    /** After some turns: what is loaded when it is first needed is there then. */
    async function held(url: string): Promise<number> {
      await teams.load(url, { type: 'message', text: 'help' }, { turns: 20, atOnce: 1 })
      return residentMegabytes(url)
    }
    await using echo = await start('echo.ts', empty.path)
    await using idle = await start('bot.ts', empty.path)
    await using busy = await start('bot.ts', fleet.path)
    const [none, without, before] = [await held(echo.url), await held(idle.url), await held(busy.url)]
    /** The least that is held in a tenth of the turns, since rubbish comes and goes. */
    const lows: number[] = []
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const samples: number[] = []
      for (let part = 0; part < 10; part += 1) {
        await teams.load(busy.url, { type: 'message', text: 'find adele' }, { turns: sized(1000), atOnce: 16 })
        samples.push(await residentMegabytes(busy.url))
      }
      lows.push(Math.min(...samples))
    }
    const [half = 0, all = 0] = [lows[4], lows[9]]
    const name = `memory: after ${sized(1000) * 100} turns, beside after half of them`
    const note = lows.map((low) => low.toFixed(0)).join(' ')
    return [
      { name: 'memory: idle, beside the echo bot', ours: without, baseline: none, unit: 'MB', target: noTarget },
      { name: 'memory: 100,000 devices, beside none', ours: before, baseline: without, unit: 'MB', target: noTarget },
      { name, ours: all, baseline: half, unit: 'MB', target: atMost(1.1), note },
    ]
  },
}
