import { randomUUID } from 'node:crypto'
import { Refusal } from '../transport.ts'
import {
  type Conversation,
  cancelled,
  createConversation,
  farewell,
  Interrupted,
  interruptedBy,
  isGone,
  mayHaveActed,
  type Outside,
} from './conversation.ts'
import { HttpFailure } from './http.ts'
import { createPool, type Limits } from './pool.ts'
import { refusalOf, refusalOfFault } from './refusal.ts'
import { createRunner, type Log, type Runner, type Warn } from './runner.ts'
import { create, deletion, faults, readCreated, WsmanFault } from './wsman.ts'

/** How long a shell that was forgotten, by a crash for example, counts against the account. */
const idleTimeout = 'PT900S'

/** A remote shell of Exchange: one runspace, one cmdlet at a time. */
export interface Shell extends Runner {
  /** Deletes the shell on the server, whatever it does. */
  remove(): Promise<void>
  /** After how long without work the server deletes it by itself. */
  readonly idleSeconds: number | undefined
}

export interface ShellOptions extends Omit<Outside, 'pool'> {
  /** The longest that a shell may take to open. */
  readonly openingMs: number
  readonly limits: Limits
  readonly warn: Warn
  readonly log: Log
}

/** Opens a shell; whatever is not a success leaves none behind. Throws a Refusal or an Interrupted that has not run. */
export async function openShell(options: ShellOptions, signal: AbortSignal): Promise<Shell> {
  const { http, limits, log } = options
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(options.openingMs)])
  const id = randomUUID()
  const pool = createPool(id, limits)
  const conversation = createConversation({ ...options, pool })
  const line = new AbortController()

  const removeNow = async () => {
    try {
      await conversation.ask(deletion, farewell())
    } catch (error) {
      if (!isGone(error)) log({ err: error }, 'a session is left to its idle time')
    } finally {
      line.abort()
      http.close()
    }
  }
  let removal: Promise<void> | undefined
  const remove = () => {
    removal ??= removeNow()
    return removal
  }

  try {
    const created = readCreated(await conversation.ask(create(id, idleTimeout, pool.open()), inTime), id)
    conversation.shellId = created.shellId
    await waitForOpened(conversation, inTime)
    const runner = createRunner({ ...options, pool, conversation, line: line.signal })
    return { ...runner, remove, idleSeconds: created.idleSeconds }
  } catch (error) {
    const mayBeThere = conversation.shellId !== undefined || mayHaveActed(error)
    conversation.shellId ??= id.toUpperCase()
    if (mayBeThere) await remove()
    else http.close()
    throw openingFailure(error)
  }
}

async function waitForOpened(conversation: Conversation, signal: AbortSignal) {
  for (;;) {
    const { events } = await conversation.hear(undefined, signal)
    for (const event of events) {
      if (event.kind === 'opened') return
      if (event.kind === 'gone') throw refusalOf(event.error)
    }
    if (signal.aborted) throw cancelled(signal, false)
  }
}

/** Exchange may refuse at Create as well as at the Receives that follow. */
function openingFailure(error: unknown): unknown {
  if (error instanceof Refusal || error instanceof Interrupted) return error
  if (error instanceof HttpFailure && (error.status === 401 || error.status === 403))
    return new Refusal('permission', error.message)
  if (!(error instanceof WsmanFault)) return interruptedBy(error, false)
  const refusal = refusalOfFault(error.message)
  if (refusal) return refusal
  if (error.code === faults.accessDenied) return new Refusal('permission', error.message)
  if (error.code === faults.resourceUnknown)
    return new Interrupted('the PowerShell at this address is not that of Exchange', false, { cause: error })
  return interruptedBy(error, false)
}
