import { alternate, atLeast, type Bench, type Measured, median, type Plan } from './bench.ts'
import { startChild } from './child.ts'
import { storedFleet } from './fleet.ts'
import { startTeams } from './teams.ts'

const devices = 2000

/** Turns per second of ours and of the echo bot, alone and with sixteen at once. */
async function compare(plan: Plan, name: string, bound: number, sides: (guid: string) => [object, object]) {
  await using teams = await startTeams()
  await using fleet = await storedFleet(plan.sized(devices))
  await using bot = await startChild(new URL('bot.ts', import.meta.url), { ...teams.env, DATA_DIR: fleet.path })
  await using echo = await startChild(new URL('echo.ts', import.meta.url), teams.env)
  const [ours, baseline] = sides(fleet.guids[0] ?? '')
  const measured: Measured[] = []
  for (const [atOnce, usual] of [
    [1, 400],
    [16, 1200],
  ] as const) {
    const p99s = { ours: [] as number[], echo: [] as number[] }
    const run = (url: string, fields: object, latencies: number[]) => async () => {
      const { perSecond, p99 } = await teams.load(url, fields, { turns: plan.sized(usual), atOnce })
      latencies.push(p99)
      return perSecond
    }
    const compared = await alternate(plan, run(bot.url, ours, p99s.ours), run(echo.url, baseline, p99s.echo))
    const note = `p99 ${median(p99s.ours).toFixed(1)} ms, echo bot ${median(p99s.echo).toFixed(1)} ms`
    measured.push({ name: `${name} (${atOnce} in flight)`, ...compared, unit: 'turns/s', target: atLeast(bound), note })
  }
  return measured
}

/** `find` in personal chat, ten devices of 2,000 posted as a card; beside it the echo of the same words. */
export const turn: Bench = {
  name: 'turn',
  run: (plan) =>
    compare(plan, 'turn', 0.75, () => {
      const words = { type: 'message', text: 'find adele' }
      return [words, words]
    }),
}

/** The card of a device as the answer to a press; beside it the echo of the press. */
export const press: Bench = {
  name: 'press',
  run: (plan) =>
    compare(plan, 'press', 0.7, (ref) => {
      const value = { action: { type: 'Action.Execute', verb: 'device', data: { ref } }, trigger: 'manual' }
      const pressed = { type: 'invoke', name: 'adaptiveCard/action', value, replyToId: '1' }
      return [pressed, pressed]
    }),
}
