import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Rights } from './access/rights.ts'
import type { AuditEntry } from './audit/chain.ts'
import { hideSecrets } from './audit/secrets.ts'
import type { Reply } from './cards/card.ts'
import type { Caller, Command, Context, Scope, Values } from './commands/command.ts'
import type { Desk } from './commands/desk.ts'
import { deviceReply, versionOf, viewDevice } from './commands/device.ts'
import { nearest } from './commands/nearest.ts'
import { chooseReply, formReply, noticeReply } from './commands/replies.ts'
import { BotError } from './errors.ts'
import type { Device } from './inventory/device.ts'
import { type Attempt, isForbidden } from './notify/siteNews.ts'
import type { ChangeRequest } from './requests/request.ts'

/** What came in through a door: who, where, and words or a press. */
export interface Asked {
  readonly caller: Caller
  readonly scope: Scope
  /** Where it was asked in Teams; a thread belongs to its channel. */
  readonly conversation?: string
  readonly request: { readonly words: string } | Press
  /** Names the activity that carried it, so that a replay is known. */
  readonly activity?: string
  /** The request of a second person that this carries out. */
  readonly approved?: ChangeRequest
  readonly signal: AbortSignal
}

interface Press {
  readonly verb: string
  readonly data: Values
  /** Pressed by Teams itself, to refresh what is shown. */
  readonly automatic: boolean
}

export interface Answered {
  readonly reply: Reply
  /** Whether something may have changed: then every posted copy of this card is edited. */
  readonly changed: boolean
  /** Why nothing came of it, where that is so. */
  readonly failure?: BotError
}

export type Pipeline = ReturnType<typeof createPipeline>

/** The path of everything that people ask: parse, authorize, record, run, answer. The only caller of commands. */
export function createPipeline({
  desk,
  commands,
  refused,
  log,
}: {
  desk: Desk
  commands: readonly Command[]
  /** Told of what somebody tried and may not, before they are answered. */
  refused: (attempt: Attempt) => Promise<void>
  log: Logger
}) {
  const parse = parserOf(commands)
  return async function ask(asked: Asked): Promise<Answered> {
    const entry: AuditEntry = { ...whoAndWhere(asked), command: '?', target: '', outcome: 'read' }
    try {
      const { command, values } = parse(asked.request)
      entry.command = command.name
      const rights = await desk.access.rightsOf(asked.caller)
      mayAnywhere(rights, command)
      const own = asked.scope === 'personal' || ('verb' in asked.request && asked.activity !== undefined)
      const context: Context = { ...desk, ...asked, commands, rights, own, automatic: isAutomatic(asked) }
      const devices = command.device ? resolve(context, command, values) : []
      const [device] = devices
      entry.target = targetOf(device, command, values)
      const instead = await replyInstead(context, command, values, devices, asked.request)
      if (instead !== undefined) {
        if (asked.activity !== undefined) desk.audit.note(entry)
        return { reply: instead, changed: false }
      }
      const run = command.check(values)
      if (isChange(command, values))
        return await carryOut(asked.caller, { ...entry, ...reasonOf(values) }, () => run(context, device))
      const reply = await run(context, device)
      if (asked.activity !== undefined) desk.audit.note(entry)
      return { reply, changed: false }
    } catch (error) {
      const failure = explain(error, entry)
      if (!isAutomatic(asked)) await tellRefused(asked.caller, entry.command, failure.code)
      desk.audit.note({ ...entry, outcome: failure.code === 'INTERNAL' ? 'failed' : 'refused', note: failure.code })
      return { reply: noticeReply(failure), changed: false, failure }
    }
  }

  /** The record is on disk before anything is changed, and what came of it is there after. */
  async function carryOut(caller: Caller, entry: AuditEntry, run: () => Promise<Reply>): Promise<Answered> {
    const { n } = await desk.audit.record({ ...entry, outcome: 'started' })
    const end = (outcome: AuditEntry['outcome'], note?: string) =>
      desk.audit
        .record({ ...entry, outcome, of: n, ...(note && { note }) })
        .catch((error) => log.error({ err: error, n }, 'outcome not recorded'))
    try {
      const reply = await run()
      await tellRefused(caller, entry.command, reply.record)
      await end(reply.undone ? 'refused' : 'done', reply.record)
      return { reply, changed: reply.undone === undefined }
    } catch (error) {
      const failure = explain(error, entry)
      await tellRefused(caller, entry.command, failure.code)
      await end(failure.code === 'EXCHANGE_OUTCOME_UNKNOWN' ? 'unknown' : 'failed', failure.code)
      return { reply: noticeReply(failure), changed: true, failure }
    }
  }

  async function tellRefused(caller: Caller, command: string, code: string | undefined): Promise<void> {
    if (!isForbidden(code)) return
    await refused({ caller, command, code }).catch((error) =>
      log.error({ err: error, command }, 'an attempt is not told'),
    )
  }

  /** A failure that people may read; a bug gets a number under which the log tells more. */
  function explain(error: unknown, { command }: AuditEntry): BotError {
    if (error instanceof BotError) {
      if (error.cause !== undefined) log.info({ command, code: error.code, err: error.cause }, error.message)
      return error
    }
    const correlation = randomUUID()
    log.error({ command, correlation, err: error }, 'bug')
    return new BotError('INTERNAL', correlation, { cause: error })
  }
}

const whoAndWhere = ({ caller, activity, approved }: Asked) => ({
  who: { tenant: caller.tenant, id: caller.id },
  ...(approved && { note: approved.id }),
  ...(activity && { activity }),
})

const isAutomatic = ({ request }: Asked) => 'verb' in request && request.automatic

const reasonOf = ({ reason }: Values) => (typeof reason === 'string' ? { reason } : {})

/** Finds the command that the words begin with, or that the press names; of “brake” and “brake pull” the longer one. */
function parserOf(commands: readonly Command[]) {
  const named = commands
    .flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => ({ command, name })))
    .sort((a, b) => b.name.length - a.name.length)
  return (request: Asked['request']): { command: Command; values: Values } => {
    const line = ('words' in request ? request.words.trim() : request.verb) || 'help'
    const lower = `${line.toLowerCase()} `
    const found = named.find(({ name }) => lower.startsWith(name) && lower[name.length] === ' ')
    if (found === undefined) throw new BotError('COMMAND_UNKNOWN', nearest(line.split(/\s/, 1)[0] ?? '', commands))
    const { command, name } = found
    return { command, values: 'words' in request ? command.values(line.slice(name.length).trim()) : request.data }
  }
}

const isChange = ({ changes }: Command, values: Values) => (typeof changes === 'function' ? changes(values) : changes)

/** Before arguments are looked at: a stranger learns only that they may not. */
function mayAnywhere(rights: Rights, { permission: [named, ...others] }: Command): void {
  if (named !== undefined && !rights.holds(named, ...others)) throw new BotError('ACCESS_DENIED', named)
}

/** The devices that a reference names and on which the caller holds the permission; one that may not be seen does not exist. */
function resolve({ inventory, rights }: Context, { permission }: Command, { ref }: Values): readonly Device[] {
  if (typeof ref !== 'string' || ref.trim() === '') return []
  const { devices } = inventory.resolve(ref, rights.reach(...permission))
  if (devices.length > 0) return devices
  const seen = inventory.resolve(ref, rights.reach('Collection.ReadResource')).devices
  throw seen.length > 0 ? new BotError('ACCESS_DENIED', permission[0]) : new BotError('DEVICE_UNKNOWN', ref)
}

/** What is answered before a command may run: which device is meant, that a card is out of date, or what is still to be said. */
async function replyInstead(
  context: Context,
  command: Command,
  values: Values,
  devices: readonly Device[],
  request: Asked['request'],
): Promise<Reply | undefined> {
  const [device] = devices
  if (devices.length > 1) return chooseReply(command, values, devices, context)
  if ('words' in request) return undefined
  if (isChange(command, values) && request.automatic) throw new BotError('CARD_UNREADABLE', 'a refresh changes nothing')
  if (
    device !== undefined &&
    command.changes &&
    values.v !== undefined &&
    String(values.v) !== versionOf(await viewDevice(device, context))
  )
    return deviceReply(device, context, 'This card was out of date, so nothing was done. Here is how it is now.')
  const asked = command.alsoAsked?.(context) ?? []
  const isOpen = (name: string) => values[name] === undefined || values[name] === ''
  const open = command.fields.filter(({ name, required }) => isOpen(name) && (required || asked.includes(name)))
  const needed = open.some(({ required }) => required)
  return needed ? formReply(command, values, open, device, context) : undefined
}

/** What the record says of the target: a device's key, else the arguments but for people's words of why. */
function targetOf(device: Device | undefined, { fields }: Command, values: Values): string {
  if (device !== undefined) return `${device.connector}/${device.guid}`
  const named = fields
    .filter(({ name }) => name !== 'reason' && values[name] !== undefined)
    .map(({ name }) => `${name}:${String(values[name])}`)
  return hideSecrets(named.join(' ')).slice(0, 200)
}
