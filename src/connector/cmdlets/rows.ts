import { z } from 'zod'

/**
 * The forms in which a property comes: absent, null or empty mean that Exchange has no value, and so does an object where
 * a text is due; booleans come as such or as text; dates as ISO 8601 with up to seven fractional digits, in UTC where they
 * name no zone, and as the year 1 where there is none.
 */
export const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => (value === null || value === undefined || value === '' ? undefined : String(value)))
  .catch(undefined)

export const flag = z
  .union([z.boolean(), z.stringbool(), z.literal('')])
  .nullish()
  .transform((value) => (typeof value === 'boolean' ? value : undefined))

/** A time since 1970 in UTC with three fractional digits or more: its first 23 characters say all. */
const plainTime =
  /^(19[7-9]|2\d\d)\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3,7}(Z|\+00:00)$/

const zoneless = /^\d{4}-\d\d-\d\dT[\d:.]+$/

export const date = z
  .string()
  .nullish()
  .transform((value) => {
    if (value && plainTime.test(value)) return `${value.slice(0, 23)}Z`
    const time = value ? Date.parse(zoneless.test(value) ? `${value}Z` : value) : Number.NaN
    return Number.isNaN(time) || time < 0 ? undefined : new Date(time).toISOString()
  })

export const list = z
  .union([z.array(z.string().nullable()), z.string()])
  .nullish()
  .transform((value) => [value ?? []].flat().flatMap((item) => item || []))

export const guid = z.guid().toLowerCase()
