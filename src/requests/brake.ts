import { z } from 'zod'
import type { Settings } from '../config.ts'
import { BotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type Actor, ActorSchema } from './request.ts'

const time = z.iso.datetime()

/** A place that one try of a wipe took, before it ran; a crash leaves it taken. */
const PlaceSchema = z.object({
  request: z.string(),
  round: z.int(),
  at: time,
  requester: z.string(),
  approvers: z.array(z.string()),
})

/** `told`: every Full Administrator was told of it. */
const PullSchema = z.object({ at: time, by: ActorSchema.optional(), why: z.string(), told: z.boolean() })

const BrakeSchema = z.object({ places: z.array(PlaceSchema), pulled: PullSchema.optional() })

export type Brake = z.infer<typeof BrakeSchema>
export type Place = z.infer<typeof PlaceSchema>
export type Pull = z.infer<typeof PullSchema>
type Limits = Settings['BRAKE']

/** What came of wanting a place: taken, refused to this requester, or the brake is (now) pulled for all. */
export type Grip = 'taken' | 'requester' | 'pulled'

const hour = 60 * 60_000
const day = 24 * hour

const free: Brake = { places: [] }

const within = ({ places }: Brake, span: number, now: Date) =>
  places.filter(({ at }) => now.getTime() - Date.parse(at) < span)

/** Takes a place for one try if the limits leave one; what goes past a limit of an approver or the site pulls the brake. */
export function takePlace(brake: Brake, place: Place, limits: Limits, fleet: number): { brake: Brake; grip: Grip } {
  const { request, round, requester, approvers, at } = place
  const lastHour = within(brake, hour, new Date(at))
  const lastDay = within(brake, day, new Date(at))
  const mostInDay = Math.max(limits.day, Math.floor(fleet / 1000))
  const pull = (why: string) => ({
    brake: pullBrake({ ...brake, places: lastDay }, new Date(at), why),
    grip: 'pulled' as const,
  })

  if (brake.pulled !== undefined) return { brake, grip: 'pulled' }
  if (lastDay.some((other) => other.request === request && other.round === round)) return { brake, grip: 'taken' }
  if (lastHour.filter((other) => other.requester === requester).length >= limits.requester)
    return { brake, grip: 'requester' }
  if (approvers.some((id) => lastHour.filter((other) => other.approvers.includes(id)).length >= limits.approver))
    return pull(`one person approved more than ${limits.approver} wipes in an hour`)
  if (lastHour.length >= limits.site) return pull(`more than ${limits.site} wipes in an hour`)
  if (lastDay.length >= mostInDay) return pull(`more than ${mostInDay} wipes in a day`)
  return { brake: { places: [...lastDay, place] }, grip: 'taken' }
}

/** A pulled brake stays as it was pulled first. */
const pullBrake = (brake: Brake, now: Date, why: string, by?: Actor): Brake =>
  brake.pulled ? brake : { ...brake, pulled: { at: now.toISOString(), why, told: false, ...(by && { by }) } }

/** Whether somebody asked for or approved a wipe that the brake counted: then they do not release it. */
export const isCounted = (brake: Brake, id: string, now: Date) =>
  within(brake, day, now).some(({ requester, approvers }) => requester === id || approvers.includes(id))

/**
 * How many others must approve the release that somebody asks for: one, or none where nobody else holds the permission and
 * the brake was pulled an hour ago. Throws REQUEST_REFUSED or REQUEST_COUNTED.
 */
export function neededForRelease(brake: Brake, by: Actor, othersHold: boolean, now: Date): 0 | 1 {
  if (brake.pulled === undefined)
    throw new BotError('REQUEST_REFUSED', 'The brake is not pulled, so there is nothing to release.')
  if (othersHold) {
    if (isCounted(brake, by.id, now)) throw new BotError('REQUEST_COUNTED')
    return 1
  }
  if (now.getTime() - Date.parse(brake.pulled.at) < hour)
    throw new BotError(
      'REQUEST_REFUSED',
      'You are the only Security Administrator, so you can release the brake an hour after it was pulled.',
    )
  return 0
}

export type Brakes = Awaited<ReturnType<typeof createBrake>>

/** The limit on wipes in a time window; once pulled, no wipe runs until it is released. Each change is durable before it is said. */
export async function createBrake({
  store,
  limits,
  fleet,
  now,
  pulled,
}: {
  store: Store
  limits: Limits
  /** How many devices there are. */
  fleet: () => number
  now: () => Date
  /** Called when the brake is pulled, maybe more than once for the same pull. */
  pulled: () => Promise<void>
}) {
  const stored = await store.open({ name: 'brake', schema: BrakeSchema, version: 1 })
  const site = 'site'
  const read = async (): Promise<Brake> => (await stored.get(site)) ?? free

  return {
    read,

    async take(place: Omit<Place, 'at'>): Promise<Grip> {
      const whole = { ...place, at: now().toISOString() }
      let grip: Grip = 'pulled'
      await stored.update(site, (old = free) => {
        const taken = takePlace(old, whole, limits, fleet())
        grip = taken.grip
        return taken.brake
      })
      if (grip === 'pulled') await pulled()
      return grip
    },

    async pull(by: Actor, why: string): Promise<void> {
      await stored.update(site, (old = free) => pullBrake(old, now(), why, by))
      await pulled()
    },

    /** Releases the brake that was pulled at this time, and no other; counting begins anew. */
    async release(pulledAt: string): Promise<void> {
      await stored.update(site, (old = free) => (old.pulled?.at === pulledAt ? free : old))
    },

    async markTold(): Promise<void> {
      await stored.update(site, (old) => old?.pulled && { ...old, pulled: { ...old.pulled, told: true } })
    },
  }
}
