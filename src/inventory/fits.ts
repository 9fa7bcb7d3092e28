import { z } from 'zod'

type Test = (value: unknown) => boolean

/**
 * A schema as a bare question. `parse` copies what it reads, and to copy a million rows costs more than all the rest of
 * reading them; the question is the same. It knows the few kinds of schema that rows are made of.
 */
export function fits<T>(schema: z.ZodType<T>): (value: unknown) => value is T {
  const test = testOf(schema)
  return (value): value is T => test(value)
}

function testOf(schema: unknown): Test {
  if (schema instanceof z.ZodOptional) {
    const test = testOf(schema.unwrap())
    return (value) => value === undefined || test(value)
  }
  if (schema instanceof z.ZodArray) {
    const test = testOf(schema.element)
    return (value) => Array.isArray(value) && value.every(test)
  }
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape).map(([name, field]) => ({ name, test: testOf(field) }))
    return (value) => isRecord(value) && fields.every(({ name, test }) => test(value[name]))
  }
  if (schema instanceof z.ZodString) return (value) => typeof value === 'string'
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === 'boolean'
  if (schema instanceof z.ZodEnum) return (value) => schema.safeParse(value).success
  throw new Error('No row has a field of this kind.')
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
