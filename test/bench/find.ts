import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { alternate, atMost, type Bench, below, type Measured, noTarget, quantile, timed } from './bench.ts'
import { startChild } from './child.ts'
import { openFleet, storedFleet } from './fleet.ts'

/** What a fleet process tells of itself. */
interface Told {
  readonly bytes: number
  readonly latencies: readonly number[]
}

/** Reads every file of a folder as JSON, and does nothing with it. */
async function parseAll(folder: string): Promise<void> {
  for (const file of await readdir(folder)) JSON.parse(await readFile(join(folder, file), 'utf8'))
}

/** Finds by twenty kinds of query for a caller with two collections, in a process of its own with Node's usual heap. */
export async function findIn(place: string, devices: number): Promise<readonly Measured[]> {
  await using child = await startChild(new URL('finder.ts', import.meta.url), { PLACE: place })
  const { bytes, latencies }: Told = await (await fetch(child.url)).json()
  const size = devices.toLocaleString('en')
  const [p99, p50, most] = [quantile(latencies, 0.99), quantile(latencies, 0.5), Math.max(...latencies)]
  const note = `p50 ${p50.toFixed(2)} ms, most ${most.toFixed(1)} ms of ${latencies.length}`
  return [
    {
      name: `find: p99 of ${size} devices, beside p50`,
      ours: p99,
      baseline: p50,
      unit: 'ms',
      target: below(10, 'ms'),
      note,
    },
    {
      name: `find: memory of each of ${size} devices, beside a budget of 1.5 KB`,
      ours: bytes / devices,
      baseline: 1536,
      unit: 'bytes',
      target: devices < 1_000_000 ? noTarget : atMost(1),
    },
  ]
}

export const find: Bench = {
  name: 'find',
  async run(plan) {
    const devices = plan.sized(100_000)
    await using fleet = await storedFleet(devices)
    const compared = await alternate(
      plan,
      () =>
        timed(async () => {
          const { inventory, close } = await openFleet(fleet.path)
          inventory.find({ text: 'adele' }, ['All Mobile Devices'])
          await close()
        }),
      () => timed(() => parseAll(join(fleet.path, 'fleet'))),
    )
    const first: Measured = {
      name: 'find: first of 100,000 stored devices, beside JSON.parse of them',
      ...compared,
      unit: 'ms',
      target: atMost(4),
    }
    return [first, ...(await findIn(fleet.path, devices))]
  },
}

export const million: Bench = {
  name: 'million',
  long: true,
  async run(plan) {
    const devices = plan.sized(1_000_000)
    await using fleet = await storedFleet(devices)
    return await findIn(fleet.path, devices)
  },
}
