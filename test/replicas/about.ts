import { z } from 'zod'
import { HolderSchema } from '../../src/access/changes.ts'

/** What a replica is told at its start. */
export const AboutReplicaSchema = z.object({
  env: z.record(z.string(), z.string()),
  first: z.array(z.object({ holder: HolderSchema, role: z.string() })),
  /** How much faster Teams' limits pass. */
  hurry: z.number(),
  /** How many milliseconds its clock is ahead. */
  ahead: z.number(),
  /** How long it waits for the database. */
  patience: z.object({ connect: z.number(), quick: z.number() }),
  connector: z.record(z.string(), z.unknown()).optional(),
})

export type AboutReplica = z.infer<typeof AboutReplicaSchema>

/** Every step of carrying out a wipe. */
export const steps = ['due', 'looked', 'judged', 'placed', 'recorded', 'begun', 'failed', 'sent', 'accepted'] as const

/** At which step of carrying out a wipe it is to die; none: at no step. */
export const OrderSchema = z.object({ step: z.enum(steps).optional() })

export type Step = z.infer<typeof OrderSchema>['step']
