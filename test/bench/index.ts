/** `npm run bench [row…] [-- --json <file>] [--full]`: Device Desk beside what it is measured against, on this machine. */

import { writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { parseArgs } from 'node:util'
import type { Measured } from './bench.ts'
import { benches } from './benches.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, full: { type: 'boolean', default: false } },
})
const known = benches.map(({ name }) => name)
const unknown = positionals.filter((word) => !known.includes(word))
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(', ')}; there are: ${known.join(' ')}`)
  process.exit(1)
}

const round = (value: number) => Number(value.toPrecision(3))

function lineOf({ name, ours, baseline, unit, target, note }: Measured): string {
  const holds = target.holds({ ours, baseline }) ? 'holds' : 'MISSED'
  const ratio = round(ours / baseline)
  const numbers = `${round(ours)} ${unit}, baseline ${round(baseline)}, ratio ${ratio}, target ${target.text}`
  return `${holds.padEnd(6)}  ${name}: ${numbers}${note ? ` (${note})` : ''}`
}

const [processor] = cpus()
console.log(
  `${processor?.model} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}, Node ${process.version}`,
)
const plan = { rounds: 7, full: values.full, sized: (usual: number) => usual }
const wanted = benches.filter(({ name, long }) =>
  positionals.length > 0 ? positionals.includes(name) : values.full || !long,
)
const rows: Measured[] = []
for (const { run } of wanted) {
  for (const measured of await run(plan)) {
    console.log(lineOf(measured))
    rows.push(measured)
  }
}
console.log(`${(performance.now() / 60_000).toFixed(1)} minutes`)
if (values.json !== undefined)
  await writeFile(
    values.json,
    `${JSON.stringify({
      rows: rows.map(({ name, ours, baseline, unit, target, note }) => ({
        name,
        ours,
        baseline,
        unit,
        ratio: ours / baseline,
        target: target.text,
        holds: target.holds({ ours, baseline }),
        ...(note && { note }),
      })),
    })}\n`,
  )
