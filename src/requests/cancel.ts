import type { Connectors } from '../connector/connectors.ts'
import { BotError, isBotError } from '../errors.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { cancelled, noted, owns } from './decide.ts'
import { isWaiting, look, timesOf } from './look.ts'
import { isOpen, isWipe, type Request, type Wipe } from './request.ts'
import type { Asker } from './requests.ts'

interface CancelParts {
  readonly connectors: Connectors
  readonly inventory: Inventory
  readonly now: () => Date
  readonly signal: AbortSignal
  /** The open request of the device. */
  readonly find: () => Promise<Request | undefined>
  readonly decide: (id: string, change: (request: Request) => Request) => Promise<Request>
}

const kinds = ['wipe', 'wipe-account'] as const

/**
 * Ends a wipe: one that Exchange has not heard of ends here; one that it waits with is cancelled there, once, and read back.
 * Resolves to what is known then. The owner of the phone does not cancel its wipe.
 */
export async function cancelWipe(device: Device, by: Asker, reason: string, parts: CancelParts): Promise<string> {
  const { connectors, inventory, now, signal, decide } = parts
  const name = nameOf(device, inventory.owner(device))
  const addresses = await by.addresses()
  const actor = { tenant: by.tenant, id: by.id, name: by.name }
  const assertNoOwner = ({ owners }: Wipe) => {
    if (owners.some((owner) => owns(owner, by.id, addresses))) throw new BotError('REQUEST_OWNER')
  }
  const lookNow = async () => {
    const seen = await look(device, 'wipe', { connectors, inventory, now: now(), signal })
    return { ...seen, pending: kinds.filter((kind) => isWaiting(timesOf(seen.device, kind))) }
  }

  const request = await parts.find()
  if (request !== undefined && isWipe(request)) assertNoOwner(request.subject)
  if (request !== undefined && isUnsent(request)) {
    await decide(request.id, (old) => {
      if (!isUnsent(old)) throw new BotError('REQUEST_CHANGED', old.id)
      return cancelled(old, now(), actor, reason)
    })
    return `${request.id} is cancelled before Exchange was asked to wipe ${name}.`
  }

  const before = await lookNow()
  assertNoOwner(before.wipe)
  const close = () => request && decide(request.id, (old) => (isOpen(old) ? cancelled(old, now(), actor, reason) : old))
  if (before.pending.length === 0) {
    if (request === undefined)
      throw new BotError('REQUEST_REFUSED', `No wipe of ${name} is pending, so there is nothing to cancel.`)
    await close()
    return `Exchange shows no wipe of ${name}; ${request.id} is closed.`
  }
  await connectors.wipe(device, 'cancel', signal).catch((error) => {
    if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) throw error
  })
  const after = await lookNow()
  if (after.pending.length > 0) {
    if (request !== undefined)
      await decide(request.id, (old) => noted(old, now(), `${by.name} asked to cancel it; Exchange still shows it.`))
    return `Exchange was asked to cancel the wipe of ${name}, and still shows it as pending; look again in a minute.`
  }
  await close()
  const late = before.pending.some((kind) => timesOf(before.device, kind).sent !== undefined)
  return `The wipe of ${name} is cancelled.${late ? ' The device had been told before, so it may be erased all the same.' : ''}`
}

/** Whether Exchange has not heard of it yet. */
const isUnsent = ({ status }: Request) => status.state === 'waiting' || status.state === 'approved'
