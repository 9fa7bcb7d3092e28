import type { Access } from '../access/access.ts'
import type { Audit } from '../audit/audit.ts'
import type { Person } from '../audit/person.ts'
import type { Settings } from '../config.ts'
import type { Connectors } from '../connector/connectors.ts'
import { BotError, isBotError } from '../errors.ts'
import type { Device } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Collection } from '../store/store.ts'
import type { Brakes } from './brake.ts'
import { differences, digestOf } from './consequence.ts'
import { askAgain, begin, handedOver, owns, refuse } from './decide.ts'
import { isWaiting, type Look, look } from './look.ts'
import type { Request, Wipe, WipeRequest } from './request.ts'

export interface ExecutionParts {
  readonly stored: Collection<Request>
  readonly access: Access
  readonly audit: Audit
  readonly brakes: Brakes
  readonly connectors: Connectors
  readonly inventory: Inventory
  readonly settings: Settings
  readonly now: () => Date
  readonly signal: AbortSignal
  /** Told at each step of carrying out, so that a test can end the process there. */
  readonly onStep: (step: string) => void
}

/** Why an approved wipe is not carried out as it is. */
type Verdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'refuse'; readonly why: string }
  | { readonly kind: 'askAgain'; readonly why: string; readonly wipe: Wipe }

/** Carries out an approved wipe: judges it on what Exchange shows now, takes a place at the brake, records, and asks Exchange once. */
export async function execute(request: WipeRequest, parts: ExecutionParts): Promise<void> {
  const { stored, audit, connectors, settings, now, onStep } = parts
  const change = (decide: (request: Request) => Request) => stored.update(request.id, (old) => old && decide(old))
  onStep('look')
  const seen = await lookOrRefuse(request, parts)
  if (seen === undefined) return
  const verdict = await judge(request, seen, parts)
  onStep('judged')
  if (verdict.kind === 'refuse') return void (await change((old) => refuse(old, verdict.why, now())))
  if (verdict.kind === 'askAgain')
    return void (await change((old) =>
      askAgain(
        old,
        verdict.wipe,
        quorumOf(verdict.wipe, seen.device, parts),
        verdict.why,
        now(),
        settings.APPROVAL_HOURS,
      ),
    ))
  const { subject } = request
  const entry = {
    who: null,
    command: subject.kind,
    target: `${subject.connector}/${subject.guid}`,
    reason: request.reason,
    note: `${request.id} round ${request.round}`,
  }
  const { n } = await audit.record({ ...entry, outcome: 'started' })
  onStep('recorded')
  const attempt = { at: now().toISOString(), before: seen.times }
  await change((old) => begin(assertRound(old, request), attempt, now()))
  onStep('begun')
  try {
    await connectors.wipe(subject, subject.kind, parts.signal)
    onStep('sent')
    await change((old) => handedOver(old, now()))
    onStep('handed')
    await audit.record({ ...entry, outcome: 'done', of: n })
  } catch (error) {
    onStep('failed')
    const refused = isBotError(error, 'EXCHANGE_REFUSED', 'EXCHANGE_UNREACHABLE')
    if (refused) await change((old) => refuse(old, error.message, now()))
    await audit.record({ ...entry, outcome: refused ? 'failed' : 'unknown', of: n })
    if (!(error instanceof BotError)) throw error
  }
}

function assertRound(request: Request, { round }: Request): Request {
  if (request.round !== round) throw new BotError('REQUEST_CHANGED', request.id)
  return request
}

/** What cannot be read is not judged, and tried again while the approval lasts; what is gone or may not be read is refused. */
async function lookOrRefuse(request: WipeRequest, parts: ExecutionParts): Promise<Look | undefined> {
  const { inventory, connectors, stored, now, signal } = parts
  const { connector, guid, kind } = request.subject
  const known = inventory.get({ connector, guid })
  try {
    if (known === undefined) throw new BotError('DEVICE_GONE', request.subject.name)
    return await look(known, kind, { connectors, inventory, now: now(), signal })
  } catch (error) {
    if (!isBotError(error, 'DEVICE_GONE', 'EXCHANGE_REFUSED')) throw error
    await stored.update(request.id, (old) => old && refuse(old, error.message, now()))
    return undefined
  }
}

/** Everything that must still hold in this moment. */
async function judge(request: WipeRequest, { device, wipe, times }: Look, parts: ExecutionParts): Promise<Verdict> {
  const { access, brakes, settings } = parts
  const { subject, requester, approvals } = request
  const alone = request.needed === 0
  const again = (why: string): Verdict => (alone ? { kind: 'refuse', why } : { kind: 'askAgain', why, wipe })
  const asking = await access.rightsOf(requester, { fresh: true })
  if (
    !asking.may(device, 'Collection.ModifyResource', 'Collection.DeleteResource') ||
    !(await isEnabled(requester, access))
  )
    return { kind: 'refuse', why: `${requester.name} may not ask for this any more.` }
  for (const { by, addresses } of approvals) {
    const rights = await access.rightsOf(by, { fresh: true })
    if (!rights.rested.may(device, 'Collection.DeleteResource'))
      return again(`${by.name} may not approve this any more.`)
    if (!(await isEnabled(by, access))) return again(`the account of ${by.name} is disabled.`)
    if (wipe.owners.some((owner) => owns(owner, by.id, addresses)))
      return again(`${by.name} owns a device that this is about.`)
  }
  if (digestOf(wipe) !== digestOf(subject)) return again(`changed since: ${differences(subject, wipe).join('; ')}.`)
  if (approvals.length < quorumOf(wipe, device, parts)) return again('it needs more approvals now.')
  if (isWaiting(times))
    return { kind: 'refuse', why: 'Exchange waits for a wipe of this kind already, so nothing was sent.' }
  const approvers = approvals.map(({ by }) => by.id)
  const grip = await brakes.take({ request: request.id, round: request.round, requester: requester.id, approvers })
  if (grip === 'requester')
    return { kind: 'refuse', why: `${requester.name} has had ${settings.BRAKE.requester} wipes within an hour.` }
  return grip === 'pulled' ? again('the brake is pulled, and no wipe runs until it is released.') : { kind: 'run' }
}

/** How many must approve: the site's number or a collection's, and one more where an owner is nobody that Entra ID knows. */
export function quorumOf(
  wipe: Wipe,
  device: Device,
  { settings, inventory }: Pick<ExecutionParts, 'settings' | 'inventory'>,
): number {
  const { collections } = inventory
  const wanted = collections.of(device).map((name) => collections.get(name)?.approvals ?? 0)
  const unknown = wipe.owners.some(({ entraId }) => entraId === undefined) ? 1 : 0
  return Math.max(settings.APPROVALS, ...wanted) + unknown
}

/** Whether Entra ID says that an account is enabled; without Graph nobody asks. Throws DIRECTORY_UNREACHABLE. */
export async function isEnabled(person: Person, access: Access): Promise<boolean> {
  const account = await access.account(person)
  return account === undefined || (account !== 'none' && account.enabled)
}
