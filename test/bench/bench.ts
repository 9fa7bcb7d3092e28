/** How much is measured. */
export interface Plan {
  /** Turns that ours and the baseline take each; the middle one counts. */
  readonly rounds: number
  /** Also what takes many minutes. */
  readonly full: boolean
  /** How many of something, where the benchmark takes so many; a try takes fewer. */
  readonly sized: (usual: number) => number
}

/** A number of ours beside the baseline's. */
export interface Compared {
  readonly ours: number
  readonly baseline: number
}

/** What is wished of the two numbers. */
export interface Target {
  readonly text: string
  readonly holds: (compared: Compared) => boolean
}

/** One line of what `npm run bench` prints. */
export interface Measured extends Compared {
  readonly name: string
  readonly unit: string
  readonly target: Target
  /** What else an engineer wants to know of it. */
  readonly note?: string
}

export interface Bench {
  /** The word that asks for it. */
  readonly name: string
  /** Left out unless everything is asked for. */
  readonly long?: true
  readonly run: (plan: Plan) => Promise<readonly Measured[]>
}

export const atLeast = (bound: number): Target => ({
  text: `≥ ${bound} ×`,
  holds: ({ ours, baseline }) => ours >= bound * baseline,
})

export const atMost = (bound: number): Target => ({
  text: `≤ ${bound} ×`,
  holds: ({ ours, baseline }) => ours <= bound * baseline,
})

/** A number by itself, whatever the baseline: it depends on the machine. */
export const below = (bound: number, unit: string): Target => ({
  text: `≤ ${bound} ${unit}`,
  holds: ({ ours }) => ours <= bound,
})

/** Shown to be seen. */
export const noTarget: Target = { text: '–', holds: () => true }

/** The value below which so much of all lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const median = (values: readonly number[]) => quantile(values, 0.5)

type Work = () => number | Promise<number>

/** Lets both warm up, then take turns, each as often first as second, so that what else the machine does meets both. */
export async function alternate({ rounds }: Plan, ours: Work, baseline: Work): Promise<Compared> {
  const taken = { ours: [] as number[], baseline: [] as number[] }
  await ours()
  await baseline()
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) taken.ours.push(await ours())
    taken.baseline.push(await baseline())
    if (round % 2 === 1) taken.ours.push(await ours())
  }
  return { ours: median(taken.ours), baseline: median(taken.baseline) }
}

/** Milliseconds that some work takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
