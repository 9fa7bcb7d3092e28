import { z } from 'zod'

/** Somebody, as Entra ID knows them: never by name, address or anything that a card says. */
export const PersonSchema = z.object({
  tenant: z.guid().toLowerCase(),
  /** Entra object id. */
  id: z.guid().toLowerCase(),
})

export type Person = z.infer<typeof PersonSchema>
