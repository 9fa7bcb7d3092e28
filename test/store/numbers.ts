import { z } from 'zod'

/** The collection that the tests and their child processes share. */
export const numbers = { name: 'numbers', schema: z.object({ n: z.int(), text: z.string() }), version: 1 }
