import type { Access } from '../access/access.ts'
import type { Audit } from '../audit/audit.ts'
import type { AuditEntry } from '../audit/chain.ts'
import type { Settings } from '../config.ts'
import type { Connectors } from '../connector/connectors.ts'
import { Refusal } from '../connector/transport.ts'
import { type BotError, isBotError } from '../errors.ts'
import type { Device } from '../inventory/device.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Collection } from '../store/store.ts'
import type { Brakes } from './brake.ts'
import { back, done, refuse } from './decide.ts'
import { type Findings, judge, objectionTo, type Verdict } from './judge.ts'
import { deviceOf, type Look, look } from './look.ts'
import type { People } from './people.ts'
import type { ChangeRequest, MassChange, Request, Wipe, WipeRequest } from './request.ts'
import { accepted, begin, foundTaken } from './track.ts'

export interface ExecutionParts {
  readonly stored: Collection<Request>
  readonly access: Pick<Access, 'apply' | 'check' | 'accountAt'>
  readonly audit: Pick<Audit, 'record'>
  readonly brakes: Brakes
  readonly people: People
  readonly connectors: Pick<Connectors, 'read' | 'wipe' | 'canWipeAccount'>
  readonly inventory: Pick<Inventory, 'get' | 'owner' | 'shortId'> & {
    readonly collections: Pick<Inventory['collections'], 'of' | 'get'>
  }
  readonly settings: Pick<Settings, 'APPROVALS' | 'APPROVAL_HOURS' | 'EXECUTION_HOURS' | 'BRAKE' | 'RIGHTS_APPROVAL'>
  /** Runs the command of an approved change as who asked for it; resolves to why it was not done. */
  readonly make: (request: ChangeRequest) => Promise<string | undefined>
  readonly now: () => Date
  readonly signal: AbortSignal
  /** Told at each step of carrying out, so that a test can end the process there. */
  readonly onStep: (step: string) => void
}

/** Carries out what was approved, once for each time that it was approved. */
export function createExecution(parts: ExecutionParts) {
  const { stored, access, audit, brakes, people, connectors, inventory, settings, make, now, onStep } = parts

  const change = (id: string, decide: (request: Request) => Request) => stored.update(id, (old) => old && decide(old))

  /** Changes a request whose try nobody else has begun, or taken back. */
  const changeUnlessBegun = ({ id, round }: Request, decide: (request: Request) => Request) =>
    change(id, (old) => (old.status.state === 'approved' && old.round === round ? decide(old) : old))

  /** The record is on disk before the side effect, and what came of it after. */
  async function recorded(entry: Omit<AuditEntry, 'outcome' | 'who'>, run: () => Promise<AuditEntry['outcome']>) {
    const { n } = await audit.record({ ...entry, who: null, outcome: 'started' })
    onStep('recorded')
    let outcome: AuditEntry['outcome'] = 'unknown'
    try {
      outcome = await run()
    } finally {
      await audit.record({ ...entry, who: null, outcome, of: n })
    }
  }

  /** Judges a wipe on what Exchange shows now, takes a place at the brake, records, and asks Exchange once. */
  async function wipe(request: WipeRequest): Promise<void> {
    const { id, subject, requester, round, reason } = request
    onStep('due')
    const seen = await lookOrRefuse(request)
    if (seen === undefined) return
    onStep('looked')
    const verdict = await judged(request, seen)
    onStep('judged')
    if (verdict.kind !== 'run') return settle(request, verdict, seen)
    const alone = request.approvals.every(({ by }) => by.id === requester.id) ? ', without a second person' : ''
    const entry = { command: subject.kind, target: `${subject.connector}/${subject.guid}`, reason }
    await recorded({ ...entry, note: `${id} round ${round}${alone}` }, () => send(request, seen))
  }

  /** The one order of this round. */
  async function send({ id, subject, round }: WipeRequest, { times }: Look): Promise<AuditEntry['outcome']> {
    try {
      await change(id, (old) => begin(old, round, times, now()))
    } catch (error) {
      if (!isBotError(error, 'REQUEST_CLOSED', 'REQUEST_CHANGED')) throw error
      return 'refused'
    }
    onStep('begun')
    try {
      await connectors.wipe(subject, subject.kind, parts.signal)
    } catch (error) {
      onStep('failed')
      if (isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) return 'unknown'
      if (!isBotError(error, 'EXCHANGE_REFUSED', 'EXCHANGE_UNREACHABLE')) throw error
      await change(id, (old) => refuse(old, error.message, now(), settings))
      return 'failed'
    }
    onStep('sent')
    await change(id, (old) => accepted(old, now()))
    onStep('accepted')
    return 'done'
  }

  /** What cannot be read is not judged, and tried again while the approval lasts; what is gone or may not be read is refused. */
  async function lookOrRefuse(request: WipeRequest): Promise<Look | undefined> {
    const { subject } = request
    try {
      return await look(deviceOf(subject, inventory), subject.kind, parts)
    } catch (error) {
      if (!isFinal(error)) throw error
      await changeUnlessBegun(request, (old) => refuse(old, error.message, now(), settings))
      return undefined
    }
  }

  async function judged(request: WipeRequest, seen: Look): Promise<Verdict> {
    const { requester, round } = request
    const found: Findings = {
      ...seen,
      quorum: quorumOf(seen.wipe, seen.device, parts),
      requesterMayAsk: await people.mayAskWipe(requester, seen.device),
      approvers: await people.approvers(request),
    }
    const verdict = judge(request, found)
    if (verdict.kind !== 'run') return verdict
    const approvers = request.approvals.map(({ by }) => by.id)
    const grip = await brakes.take({ request: request.id, round, requester: requester.id, approvers })
    onStep('placed')
    if (grip === 'taken') return verdict
    return grip === 'pulled'
      ? { kind: 'back', why: 'Back for approval: the brake is pulled, and no wipe runs until it is released.' }
      : { kind: 'refuse', why: `${requester.name} has had ${settings.BRAKE.requester} wipes within an hour.` }
  }

  async function settle(request: Request, verdict: Exclude<Verdict, { kind: 'run' }>, seen: Look): Promise<void> {
    const { wipe: subject, device, times } = seen
    const quorum = quorumOf(subject, device, parts)
    await changeUnlessBegun(request, (old) => {
      if (verdict.kind === 'taken') return foundTaken(old, times, now())
      if (verdict.kind === 'refuse') return refuse(old, verdict.why, now(), settings)
      return back(old, { why: verdict.why, subject, needed: quorum === 0 ? old.needed : quorum }, now(), settings)
    })
  }

  /** Makes a change of policy, rules or many devices, if who asked and who approved may still do so; the command records it. */
  async function massChange(request: Request, subject: MassChange): Promise<void> {
    const { id, requester, approvals, needed } = request
    const mayAsk = await people.mayAskChange(requester, subject)
    const objection =
      approvals.length === 0 ? undefined : objectionTo(request, subject, needed, await people.approvers(request))
    const why = mayAsk ? objection && `${objection}.` : `${requester.name} may not ask for this any more.`
    onStep('due')
    const refused = why ?? (await make({ ...request, subject }))
    onStep('made')
    await change(id, (old) => (refused === undefined ? done(old, now()) : refuse(old, refused, now(), settings)))
  }

  /** Makes a change of rights, or releases the brake, if who asked and who approved may still do so. */
  async function other(request: Request): Promise<void> {
    const { id, subject, requester, approvals, needed } = request
    if (subject.kind === 'change') return massChange(request, subject)
    const mayAsk = await people.mayAskRights(requester)
    const objection = needed === 0 ? undefined : objectionTo(request, subject, needed, await people.approvers(request))
    if (!mayAsk || objection !== undefined) {
      const why = objection ?? `${requester.name} may not ask for this any more`
      return void (await change(id, (old) => refuse(old, `${why}.`, now(), settings)))
    }
    const by = approvals.map((approval) => approval.by.id).join(', ')
    const off = settings.RIGHTS_APPROVAL === 'off' ? ' (RIGHTS_APPROVAL=off)' : ''
    const command = subject.kind === 'rights' ? subject.change.change : 'brake release'
    const note = by === '' ? `without a second person${off}` : `approved by ${by}`
    await recorded({ command, target: id, note }, async () => {
      try {
        if (subject.kind === 'rights') await access.apply(subject.change, requester)
        if (subject.kind === 'brake-release') await brakes.release(subject.pulled)
      } catch (error) {
        if (!isBotError(error, 'RIGHTS_REFUSED', 'COLLECTION_REFUSED', 'RULE_UNREADABLE')) throw error
        await change(id, (old) => refuse(old, error.message, now(), settings))
        return 'failed'
      }
      await change(id, (old) => done(old, now()))
      return 'done'
    })
  }

  return { wipe, other }
}

/** What another try would not change: Exchange no longer has the device, or does not let us read it. */
const isFinal = (error: unknown): error is BotError =>
  isBotError(error, 'DEVICE_GONE', 'REQUEST_REFUSED') ||
  (isBotError(error, 'EXCHANGE_REFUSED') && !(error.cause instanceof Refusal && error.cause.kind === 'throttled'))

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
