import { z } from 'zod'

/**
 * The forms in which a property comes: absent, null or empty mean that Exchange has no value; booleans come as such or as
 * text; dates as ISO 8601 with up to seven fractional digits, and as the year 1 where there is none.
 */
export const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined || value === '' ? undefined : String(value)))

export const flag = z
  .union([z.boolean(), z.stringbool(), z.literal('')])
  .nullish()
  .transform((value) => (typeof value === 'boolean' ? value : undefined))

export const date = z
  .string()
  .nullish()
  .transform((value) => {
    const time = value ? Date.parse(value) : Number.NaN
    return Number.isNaN(time) || time < 0 ? undefined : new Date(time).toISOString()
  })

export const list = z
  .union([z.array(z.string()), z.string()])
  .nullish()
  .transform((value) => (typeof value === 'string' ? (value === '' ? [] : [value]) : (value ?? [])))

export const guid = z.guid().toLowerCase()
