import { z } from 'zod'
import type { Settings } from '../config.ts'
import { BotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type Actor, ActorSchema } from './request.ts'

const time = z.iso.datetime()

/** A place that one try of a wipe took, before it ran; a crash leaves it taken. */
const PlaceSchema = z.object({
  request: z.string(),
  round: z.number(),
  at: time,
  requester: z.string(),
  approvers: z.array(z.string()),
})

const BrakeSchema = z.object({
  places: z.array(PlaceSchema),
  pulled: z.object({ at: time, by: ActorSchema.optional(), why: z.string() }).optional(),
})

export type Brake = z.infer<typeof BrakeSchema>
export type Place = z.infer<typeof PlaceSchema>

/** What came of wanting a place: taken, refused to this requester, or the brake is (now) pulled for all. */
export type Grip = 'taken' | 'requester' | 'pulled'

const hour = 60 * 60_000
const day = 24 * hour

const free: Brake = { places: [] }

/** Takes a place for one try if the limits leave one; what goes past a limit of an approver or the site pulls the brake. */
export function takePlace(
  brake: Brake,
  place: Place,
  limits: Settings['BRAKE'],
  fleet: number,
): { brake: Brake; grip: Grip } {
  const now = Date.parse(place.at)
  const places = brake.places.filter(({ at }) => now - Date.parse(at) < day)
  if (brake.pulled !== undefined) return { brake, grip: 'pulled' }
  if (places.some(({ request, round }) => request === place.request && round === place.round))
    return { brake, grip: 'taken' }
  const lately = places.filter(({ at }) => now - Date.parse(at) < hour)
  const pull = (why: string) => ({ brake: { places, pulled: { at: place.at, why } }, grip: 'pulled' as const })
  if (lately.filter(({ requester }) => requester === place.requester).length >= limits.requester)
    return { brake, grip: 'requester' }
  for (const approver of place.approvers)
    if (lately.filter(({ approvers }) => approvers.includes(approver)).length >= limits.approver)
      return pull(`one person approved more than ${limits.approver} wipes in an hour`)
  if (lately.length >= limits.site) return pull(`more than ${limits.site} wipes in an hour`)
  const mostInDay = Math.max(limits.day, Math.floor(fleet / 1000))
  if (places.length >= mostInDay) return pull(`more than ${mostInDay} wipes in a day`)
  return { brake: { places: [...places, place] }, grip: 'taken' }
}

/** Whether somebody asked for or approved a wipe that the brake counted: then they do not release it. */
export const isCounted = ({ places }: Brake, id: string) =>
  places.some(({ requester, approvers }) => requester === id || approvers.includes(id))

export type Brakes = Awaited<ReturnType<typeof createBrake>>

/** The limit on wipes in a time window; once pulled, no wipe runs until it is released. */
export async function createBrake({
  store,
  limits,
  fleet,
  now,
}: {
  store: Store
  limits: Settings['BRAKE']
  fleet: () => number
  now: () => Date
}) {
  const stored = await store.open({ name: 'brake', schema: BrakeSchema, version: 1 })
  const site = 'site'
  const read = async (): Promise<Brake> => (await stored.get(site)) ?? free

  return {
    read,

    /** One change of the stored brake, durable before it is said. */
    async take(place: Omit<Place, 'at'>): Promise<Grip> {
      let grip: Grip = 'pulled'
      await stored.update(site, (old = free) => {
        const taken = takePlace(old, { ...place, at: now().toISOString() }, limits, fleet())
        grip = taken.grip
        return taken.brake
      })
      return grip
    },

    async pull(by: Actor, why: string): Promise<void> {
      await stored.update(site, (old = free) =>
        old.pulled ? old : { ...old, pulled: { at: now().toISOString(), by, why } },
      )
    },

    /** Releases it; counting begins anew. */
    async release(): Promise<void> {
      await stored.update(site, (old = free) => {
        if (old.pulled === undefined) throw new BotError('REQUEST_REFUSED', 'The brake is not pulled.')
        return free
      })
    },
  }
}
