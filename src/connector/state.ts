import { z } from 'zod'
import { HealthSchema } from './health.ts'
import { ReportSchema } from './report.ts'

const read = { at: z.iso.datetime(), seconds: z.number(), unreadable: z.number().int() }

/** What a connector has learned of its organization. */
export const StateSchema = z.object({
  health: HealthSchema,
  /** The organization's own id, read at the first connection: until it is known nothing else is read or written. */
  organization: z.string().optional(),
  report: ReportSchema.optional(),
  full: z.object({ ...read, devices: z.number().int() }).optional(),
  delta: z.object({ ...read, found: z.number().int(), released: z.number().int() }).optional(),
  /** What Exchange shows otherwise than the settings want it, as of the last full read. */
  differences: z.array(z.string()).optional(),
  fullWanted: z.boolean(),
  deltaWanted: z.boolean().optional(),
  /** It is being removed, which goes on after a restart. */
  removing: z.boolean(),
})

export type State = z.infer<typeof StateSchema>
