/** A clock that never goes back, in milliseconds. */
export interface Pace {
  now(): number
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>
}

/** One call to the connector service. */
export interface Call {
  /** The conversation without its thread: a channel counts as one. */
  readonly thread: string
  readonly kind: 'write' | 'read'
  /** Somebody waits for it: it goes first, and has a few places that nothing else takes. */
  readonly urgent: boolean
}

export type Limits = ReturnType<typeof createLimits>

type Windows = readonly (readonly [most: number, milliseconds: number])[]

/** "Optimize your bot with rate limiting", Teams documentation: per bot and thread, and per app and tenant. An edit counts as a post. */
const perThread: Record<Call['kind'], Windows> = {
  write: [
    [7, 1000],
    [8, 2000],
    [60, 30_000],
    [1800, 3_600_000],
  ],
  read: [
    [14, 1000],
    [16, 2000],
    [120, 30_000],
    [3600, 3_600_000],
  ],
}
const mostPerSecond = 50
const perApp: Windows = [[mostPerSecond, 1000]]

/** Calls that run, and when the latest ended: Teams counted each somewhere in between. */
interface Counter {
  running: number
  readonly ended: number[]
}

interface Waiting {
  readonly call: Call
  start(): void
  stop(error: unknown): void
}

/** Calls that nobody waits for go evenly, so that whoever asks finds a place at any time; they may be this many milliseconds ahead. */
const burst = 25

/** Of so many places in a window, what is left when those are taken that are kept for who asks. */
const unhurried = (places: number) => Math.max(1, places - Math.ceil(places / 50))

/** Counters of so many threads are kept, whether they still matter or not. */
const mostCounters = 5000

/**
 * Keeps to Teams' limits before they bite, as sliding windows. `share` is the number of live replicas, each of which takes
 * its part. What was sent before a start is not known: should that bite, Teams says so, and the call is repeated.
 */
export function createLimits(about: { pace: Pace; share?: () => number; signal: AbortSignal }) {
  const { pace, share = () => 1, signal } = about
  const counters = new Map<string, Counter>()
  const held = new Map<string, number>()
  /** Who waits, by thread and urgency: in each lane the first goes first. */
  const lanes = new Map<string, Waiting[]>()
  /** When it is looked again for places. */
  let timer: { readonly at: number; readonly stop: AbortController } | undefined
  /** When the next call that nobody waits for is due, if they go evenly. */
  let even = 0

  const part = (places: number) => Math.max(1, Math.floor(places / share()))

  function counterOf(key: string): Counter {
    const known = counters.get(key)
    if (known !== undefined) return known
    const made = { running: 0, ended: [] }
    counters.set(key, made)
    return made
  }
  const countersOf = ({ kind, thread }: Call) =>
    [
      [counterOf(`${kind} ${thread}`), perThread[kind]],
      [counterOf('app'), perApp],
    ] as const
  const laneOf = ({ kind, thread, urgent }: Call) => `${urgent} ${kind} ${thread}`

  /** When one more call fits; never, as long as those that run fill a window. */
  function opensAt({ running, ended }: Counter, windows: Windows, urgent: boolean): number {
    const times = windows.map(([most, milliseconds]) => {
      const room = urgent ? part(most) : unhurried(part(most))
      if (running >= room) return Number.POSITIVE_INFINITY
      return (ended.at(running - room) ?? Number.NEGATIVE_INFINITY) + milliseconds
    })
    return Math.max(...times)
  }

  function opening(call: Call): number {
    const times = countersOf(call).map(([counter, windows]) => opensAt(counter, windows, call.urgent))
    return Math.max(held.get(call.thread) ?? 0, call.urgent ? 0 : even - burst, ...times)
  }

  /** Starts what fits in a lane; says when the next may start. */
  function drain(key: string, lane: Waiting[]): number {
    for (let one = lane[0]; one !== undefined; one = lane[0]) {
      const at = opening(one.call)
      if (at > pace.now()) return at
      lane.shift()
      for (const [counter] of countersOf(one.call)) counter.running += 1
      if (!one.call.urgent) even = Math.max(even, pace.now()) + 1000 / unhurried(part(mostPerSecond))
      one.start()
    }
    lanes.delete(key)
    return Number.POSITIVE_INFINITY
  }

  /** Starts all that fit, the urgent ones first, and comes back when the next may. */
  function startNext(): void {
    const inOrder = [...lanes].sort(([one], [other]) => Number(isUrgent(other)) - Number(isUrgent(one)))
    const at = Math.min(...inOrder.map(([key, lane]) => drain(key, lane)))
    if (at === Number.POSITIVE_INFINITY || (timer !== undefined && timer.at <= at)) return
    timer?.stop.abort()
    const stop = new AbortController()
    timer = { at, stop }
    const look = () => {
      timer = undefined
      startNext()
    }
    pace.wait(Math.max(0, at - pace.now()), stop.signal).then(look, () => {})
  }
  const isUrgent = (lane: string) => lane.startsWith('true')

  function end(call: Call): void {
    for (const [counter, windows] of countersOf(call)) {
      counter.running -= 1
      counter.ended.push(pace.now())
      const [, longest = 0] = windows.at(-1) ?? []
      counter.ended.splice(
        0,
        counter.ended.findIndex((time) => time > pace.now() - longest),
      )
    }
    if (counters.size > mostCounters) forgetOld()
    startNext()
  }

  function forgetOld(): void {
    const longAgo = pace.now() - 3_600_000
    for (const [key, { running, ended }] of counters)
      if (running === 0 && (ended.at(-1) ?? 0) <= longAgo) counters.delete(key)
    for (const [thread, until] of held) if (until <= pace.now()) held.delete(thread)
  }

  signal.addEventListener('abort', () => {
    timer?.stop.abort()
    for (const { stop } of [...lanes.values()].flat()) stop(signal.reason)
    lanes.clear()
  })

  return {
    /** Runs a call as soon as there is a place for it. */
    async run<T>(call: Call, work: () => Promise<T>): Promise<T> {
      signal.throwIfAborted()
      await new Promise<void>((start, stop) => {
        const lane = lanes.get(laneOf(call)) ?? []
        lanes.set(laneOf(call), lane)
        if (lane.push({ call, start, stop }) === 1) startNext()
      })
      try {
        return await work()
      } finally {
        end(call)
      }
    },

    /** Teams wants nothing in this thread for a while. */
    hold(thread: string, milliseconds: number): void {
      held.set(thread, Math.max(held.get(thread) ?? 0, pace.now() + milliseconds))
    },
  }
}
