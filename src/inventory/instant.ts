/** Days of a year that is no leap year before each month. */
const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
const [letterT, letterZ] = [84, 90]

const digit = (text: string, at: number) => text.charCodeAt(at) - 48
const twoDigits = (text: string, at: number) => digit(text, at) * 10 + digit(text, at + 1)

/**
 * Milliseconds since 1970 of a point in time as `toISOString` writes it, or 0 where there is none. It is read by hand, as
 * a million devices have ten million of them; any other form is left to `Date.parse`.
 */
export function instant(text: string | undefined): number {
  if (text === undefined) return 0
  if (text.length !== 24 || text.charCodeAt(10) !== letterT || text.charCodeAt(23) !== letterZ)
    return Date.parse(text) || 0
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const past = year - (month > 2 ? 0 : 1)
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 477
  const day = (year - 1970) * 365 + leapDays + (daysBefore[month - 1] ?? Number.NaN) + twoDigits(text, 8) - 1
  const minute = (day * 24 + twoDigits(text, 11)) * 60 + twoDigits(text, 14)
  return (minute * 60 + twoDigits(text, 17)) * 1000 + digit(text, 20) * 100 + twoDigits(text, 21) || 0
}

const dayOfMilliseconds = 86_400_000
/** Each day as it was written once. */
const days = new Map<number, string>()
const padded = (length: number) => Array.from({ length: 10 ** length }, (_, n) => String(n).padStart(length, '0'))
const [two, three] = [padded(2), padded(3)]

/** The same as `toISOString`, in a fifth of the time: a list of devices has hundreds of them. */
export function textOfInstant(at: number): string {
  const day = Math.floor(at / dayOfMilliseconds)
  let date = days.get(day)
  if (date === undefined) {
    date = new Date(day * dayOfMilliseconds).toISOString().slice(0, -'00:00:00.000Z'.length)
    days.set(day, date)
  }
  const rest = at - day * dayOfMilliseconds
  const seconds = Math.floor(rest / 1000)
  const minutes = Math.floor(seconds / 60)
  return `${date}${two[Math.floor(minutes / 60)]}:${two[minutes % 60]}:${two[seconds % 60]}.${three[rest % 1000]}Z`
}
