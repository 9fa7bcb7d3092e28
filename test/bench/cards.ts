import { readFileSync } from 'node:fs'
import { Template } from 'adaptivecards-templating'
import { createCards } from '../../src/cards/draw.ts'
import { withParts } from '../../src/cards/parts.ts'
import { samples } from '../cards/samples.ts'
import { alternate, type Bench, below, median } from './bench.ts'

const folder = new URL('../../cards/', import.meta.url)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))

/** Microseconds of the middle one of many. */
function typical(times: number, work: () => void): number {
  const taken = Array.from({ length: times }, () => {
    const before = performance.now()
    work()
    return performance.now() - before
  })
  return 1000 * median(taken)
}

/** Drawing a card, from data to JSON objects: ours, and Microsoft's engine alone on the same template. */
export const card: Bench = {
  name: 'card',
  async run(plan) {
    const { draw } = createCards(folder)
    const times = plan.sized(2000)
    const rows = [
      ['device card', 'device'],
      ['list of ten devices', 'devices'],
    ] as const
    return Promise.all(
      rows.map(async ([what, name]) => {
        const [reply] = samples[name]
        if (reply === undefined) throw new Error(`no sample of ${name}`)
        const template = new Template(withParts(read(`${name}.json`), (part) => read(`parts/${part}.json`)))
        const compared = await alternate(
          plan,
          () => typical(times, () => draw(reply, { shared: false })),
          () => typical(times, () => template.expand({ $root: reply.data })),
        )
        return { name: `card: ${what}`, ...compared, unit: 'µs', target: below(150, 'µs') }
      }),
    )
  },
}
