const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** How long ago something was, as people say it. */
export function since(at: string): string {
  const seconds = (Date.now() - Date.parse(at)) / 1000
  for (const [unit, length] of units) if (seconds >= length) return words.format(-Math.floor(seconds / length), unit)
  return 'just now'
}

/** A day and a time, where both matter. */
export const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
