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
 * of its sort wait or are being told together already (`storms`), all of that sort. Events of a sort are told in order, so
 * that a storm, which is listed by its first and last number, has none within it that was told singly.
 */
export function nextTelling(waiting: readonly Published[], storms: ReadonlySet<string>): Telling | undefined {
  const [first] = waiting
  if (first === undefined) return undefined
  const { group, story } = first
  const isStorm = (sort: string) =>
    storms.has(stormOf(sort)) ||
    new Set(waiting.flatMap((event) => (event.group === sort ? event.story : []))).size > mostSingly
  if (group !== undefined && isStorm(group))
    return { kind: 'storm', story: stormOf(group), group, events: waiting.filter((event) => event.group === group) }

  const events: Published[] = []
  /** Sorts whose next event is not told now. */
  const later = new Set<string>()
  for (const event of waiting) {
    const sort = event.group
    if (event.story === story) {
      if (events.length === mostLines || (sort !== undefined && (later.has(sort) || isStorm(sort)))) break
      events.push(event)
    } else if (sort !== undefined) later.add(sort)
  }
  return { kind: 'story', story, events }
}
