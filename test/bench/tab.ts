import { readPage } from '../../src/tab/assets.ts'
import { alternate, atLeast, atMost, type Bench } from './bench.ts'
import { startChild } from './child.ts'
import { storedFleet } from './fleet.ts'
import { startTeams } from './teams.ts'

/** What the table of the tab asks for when somebody has typed a name. */
const look = { verb: 'find', data: { text: 'iphone', sort: 'last', page: 1, rows: 100 }, plain: true, automatic: true }

async function post(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/tab/api/ask`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(look),
  })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return response.text()
}

/** A hundred rows of the whole fleet through the tab's API; beside it restify that answers as many bytes of nothing. */
export const tab: Bench = {
  name: 'tab',
  async run(plan) {
    await using teams = await startTeams()
    await using fleet = await storedFleet(plan.sized(100_000))
    await using bot = await startChild(new URL('bot.ts', import.meta.url), { ...teams.env, DATA_DIR: fleet.path })
    const token = await teams.personToken()
    const { length } = await post(bot.url, token)
    await using constant = await startChild(new URL('constant.ts', import.meta.url), { BYTES: String(length) })
    const times = plan.sized(200)
    const perSecond = (url: string) => async () => {
      const began = performance.now()
      for (let n = 0; n < times; n += 1) await post(url, token)
      return (1000 * times) / (performance.now() - began)
    }
    const compared = await alternate(plan, perSecond(bot.url), perSecond(constant.url))
    const first = [...(await readPage())].filter(([path]) => path.startsWith('/tab') && !path.endsWith('.svg'))
    return [
      {
        name: 'tab: find over 100,000 devices, beside restify and a constant',
        ...compared,
        unit: 'requests/s',
        target: atLeast(0.1),
        note: `${(1000 / compared.ours).toFixed(1)} ms each, of ${length.toLocaleString('en')} bytes`,
      },
      {
        name: 'tab: bytes of its first load with the sign-in of Teams, beside a budget',
        ours: first.reduce((sum, [, { zipped }]) => sum + zipped.length, 0),
        baseline: 250 * 1024,
        unit: 'bytes',
        target: atMost(1),
      },
    ]
  },
}
