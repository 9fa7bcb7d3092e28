import type { Connectors } from '../connector/connectors.ts'
import { BotError, isBotError } from '../errors.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { cancelled, noted, owns } from './decide.ts'
import { type LookParts, look, timesOf } from './look.ts'
import type { Asker } from './people.ts'
import { type Actor, isOpen, isUnsent, type Kind, type PhoneOwner, type Request } from './request.ts'
import { isWaiting } from './track.ts'

interface CancelParts extends Omit<LookParts, 'access'> {
  readonly connectors: Pick<Connectors, 'read' | 'canWipeAccount' | 'wipe'>
  readonly inventory: Pick<Inventory, 'owner' | 'shortId'>
  /** The open request of the device. */
  readonly find: () => Promise<Request | undefined>
  readonly decide: (id: string, change: (request: Request) => Request) => Promise<Request>
}

const kinds: readonly Kind[] = ['wipe', 'wipe-account']

/**
 * Ends a wipe: one that Exchange has not heard of ends here; one that it waits with is cancelled there, once, and read back.
 * Resolves to what is known then. The owner of the phone does not cancel its wipe.
 */
export async function cancelWipe(device: Device, by: Asker, reason: string, parts: CancelParts): Promise<string> {
  const { connectors, inventory, now, signal, decide } = parts
  const name = nameOf(device, inventory.owner(device))
  const actor: Actor = { tenant: by.tenant, id: by.id, name: by.name }
  const addresses = await by.addresses()

  function assertNoOwner(owners: readonly PhoneOwner[]): void {
    if (owners.some((owner) => owns(owner, by.id, addresses ?? []))) throw new BotError('REQUEST_OWNER')
    if (addresses === undefined && owners.some(({ entraId }) => entraId === undefined))
      throw new BotError('REQUEST_UNPROVEN')
  }

  async function lookNow() {
    const { device: seen, wipe } = await look(device, 'wipe', { ...parts, access: byExchangeAlone })
    return { seen, wipe, pending: kinds.filter((kind) => isWaiting(timesOf(seen, kind))) }
  }

  const request = await parts.find()
  if (request !== undefined && isUnsent(request)) {
    if ('owners' in request.subject) assertNoOwner(request.subject.owners)
    await decide(request.id, (old) => {
      if (!isUnsent(old)) throw new BotError('REQUEST_CHANGED', old.id)
      return cancelled(old, now(), actor, reason)
    })
    return `${request.id} is cancelled before Exchange was asked to wipe ${name}.`
  }

  const close = async (isEnded: (request: Request) => boolean) =>
    request && decide(request.id, (old) => (isEnded(old) ? cancelled(old, now(), actor, reason) : old))

  const before = await lookNow()
  assertNoOwner(before.wipe.owners)
  if (before.pending.length === 0) {
    if (request === undefined)
      throw new BotError('REQUEST_REFUSED', `No wipe of ${name} is pending, so there is nothing to cancel.`)
    const closed = await close((old) => isOpen(old) && old.status.state !== 'sending')
    if (closed?.status.state !== 'sending') return `Exchange shows no wipe of ${name}; ${request.id} is closed.`
    throw new BotError(
      'REQUEST_REFUSED',
      `${request.id} is being handed to Exchange, which shows no wipe of ${name} yet; try to cancel it again in a minute.`,
    )
  }
  await connectors.wipe(device, 'cancel', signal).catch((error) => {
    if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) throw error
  })
  const after = await lookNow()
  const isLate = before.pending.some((kind) => timesOf(before.seen, kind).sent !== undefined)
  if (before.pending.some((kind) => timesOf(after.seen, kind).acknowledged !== timesOf(before.seen, kind).acknowledged))
    return `${name} acknowledged the wipe before it could be cancelled, so it is probably erased.`
  if (after.pending.length > 0) {
    if (request !== undefined)
      await decide(request.id, (old) => noted(old, now(), `${by.name} asked to cancel it; Exchange still shows it.`))
    return `Exchange was asked to cancel the wipe of ${name}, and still shows it as pending; look again in a minute.`
  }
  await close((old) => isOpen(old) || isUnexplained(old))
  return `The wipe of ${name} is cancelled.${isLate ? ' The device had been told before, so it may be erased all the same.' : ''}`
}

/** Whoever follows a wipe may have seen that it was cancelled before it was known by whom. */
const isUnexplained = ({ status }: Request) => status.state === 'cancelled' && status.by === undefined

/** A wipe can be cancelled while Graph cannot be asked. */
const byExchangeAlone = { accountAt: async () => undefined }
