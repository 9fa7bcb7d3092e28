import { readFileSync } from 'node:fs'
import { Template } from 'adaptivecards-templating'
import { createCards } from '../../src/cards/draw.ts'
import { withParts } from '../../src/cards/parts.ts'
import { samples } from '../cards/samples.ts'

const folder = new URL('../../cards/', import.meta.url)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
const times = 2000

/** Microseconds of the middle one of many turns. */
function median(work: () => void): number {
  const taken = Array.from({ length: times }, () => {
    const before = performance.now()
    work()
    return performance.now() - before
  })
  return 1000 * (taken.toSorted((one, other) => one - other)[times >> 1] ?? 0)
}

/** Drawing a card, from data to JSON objects: ours, and Microsoft's engine alone on the same template. Fewer are better. */
export function measureDrawing() {
  const { draw } = createCards(folder)
  return (['device', 'devices'] as const).map((name) => {
    const [reply] = samples[name]
    if (reply === undefined) throw new Error(`no sample of ${name}`)
    const template = new Template(withParts(read(`${name}.json`), (part) => read(`parts/${part}.json`)))
    const baseline = () => template.expand({ $root: reply.data })
    const ours = () => draw(reply, { shared: false })
    for (const warm of [ours, baseline]) median(warm)
    return { name: `draw ${name}`, ours: median(ours), baseline: median(baseline), unit: 'µs', target: '≤ 150' }
  })
}
