import type { Published } from '../events/event.ts'

/** What one message tells: events of one story, or many of the same sort together. */
export type Telling =
  | { readonly kind: 'story'; readonly story: string; readonly events: readonly Published[] }
  | { readonly kind: 'storm'; readonly story: string; readonly group: string; readonly events: readonly Published[] }

/** More stories than this of one sort at once are a storm. */
const mostSingly = 5
/** One message tells so many events of a story; of a storm it tells the first ones. */
export const mostLines = 10

const stormOf = (group: string) => `storm ${group}`

/**
 * What is told next of all that waits, in order: the oldest event and what waits beside it of the same story; or, where many
 * of its sort wait or are being told together already (`storms`), all of that sort.
 */
export function nextTelling(waiting: readonly Published[], storms: ReadonlySet<string>): Telling | undefined {
  const [first] = waiting
  if (first === undefined) return undefined
  const { group, story } = first
  if (group !== undefined) {
    const events = waiting.filter((event) => event.group === group)
    const stories = new Set(events.map((event) => event.story))
    if (stories.size > mostSingly || storms.has(stormOf(group)))
      return { kind: 'storm', story: stormOf(group), group, events }
  }
  return { kind: 'story', story, events: waiting.filter((event) => event.story === story).slice(0, mostLines) }
}
