/** What a bot may do in one thread: so many times in so many seconds ("Optimize your bot with rate limiting", Microsoft Learn). */
const perThread = {
  send: [
    [7, 1],
    [8, 2],
    [60, 30],
    [1800, 3600],
  ],
  create: [
    [7, 1],
    [8, 2],
    [60, 30],
    [1800, 3600],
  ],
  read: [
    [14, 1],
    [16, 2],
    [120, 30],
    [3600, 3600],
  ],
} as const

const perApp = [[50, 1]] as const

export type Kind = keyof typeof perThread

/** Teams' limit of a message: about 100 KB of UTF-16, with text, links, mentions and cards ("Format your bot messages"). */
const largestMessage = 100 * 1024

export const isTooLarge = (activity: unknown) => JSON.stringify(activity).length * 2 > largestMessage

type Windows = readonly (readonly [times: number, seconds: number])[]

/** Counts the bot's calls. `take` counts one more, or says how many seconds to wait. */
export const createLimits = (now: () => number) => {
  const taken = new Map<string, number[]>()

  const past = (key: string, windows: Windows) => {
    const longest = Math.max(...windows.map(([, seconds]) => seconds))
    const times = (taken.get(key) ?? []).filter((time) => time > now() - longest * 1000)
    taken.set(key, times)
    const waits = windows.map(
      ([most, seconds]) => (times.at(-most) ?? Number.NEGATIVE_INFINITY) + seconds * 1000 - now(),
    )
    return { times, wait: Math.max(...waits) }
  }

  return {
    take(kind: Kind, thread: string): number | undefined {
      const counted = [past(`${kind} ${thread}`, perThread[kind]), past('app', perApp)]
      const milliseconds = Math.max(...counted.map(({ wait }) => wait))
      if (milliseconds > 0) return Math.ceil(milliseconds / 1000)
      for (const { times } of counted) times.push(now())
      return undefined
    },
  }
}
