import { randomUUID } from 'node:crypto'
import type { Cmdlet, Refusal, Row } from '../transport.ts'
import type { Clixml } from './clixml.ts'
import {
  type Conversation,
  cancelled,
  farewell,
  type Heard,
  Interrupted,
  interruptedBy,
  isGone,
  mayHaveActed,
  until,
} from './conversation.ts'
import type { Pool, PoolEvent } from './pool.ts'
import { refusalOf, refusalOfFault, requestIdOf, truncationOf } from './refusal.ts'
import { toRow } from './rows.ts'
import { command, readCommandId, send, signal as signalTo, WsmanFault } from './wsman.ts'
import { ProtocolError } from './xml.ts'

/** Runs cmdlets in an opened shell, one at a time. */
export interface Runner {
  /** Rows as they come; throws a Refusal or an Interrupted. */
  run(cmdlet: Cmdlet, signal: AbortSignal): AsyncGenerator<Row>
  /** Resolves once nothing of the last cmdlet is left on the server, to whether the shell can run another one. */
  settled(): Promise<boolean>
}

export type Warn = (cmdlet: string, text: string) => void

/** Notes what an operator may want to know; never what a request or an answer carries. */
export type Log = (details: Readonly<Record<string, unknown>>, event: string) => void

export interface RunnerOptions {
  readonly pool: Pool
  readonly conversation: Conversation
  /** Aborts when the shell is gone, and with it whatever is still to be heard. */
  readonly line: AbortSignal
  readonly warn: Warn
  readonly log: Log
}

/** How the conversation about one cmdlet stands, and so what has to follow it. */
type Standing = 'running' | 'done' | 'broken'

export function createRunner({ pool, conversation, line, warn, log }: RunnerOptions): Runner {
  let isUsable = true
  let settling: Promise<void> = Promise.resolve()

  /** Hands a cmdlet over; from its first part on it may run. Resolves to the server's id for it. */
  const start = async (cmdlet: Cmdlet, signal: AbortSignal) => {
    const pipeline = randomUUID()
    const fragments = pool.start(pipeline, cmdlet, conversation.fragmentSize())
    let commandId: string | undefined
    try {
      for (const fragment of fragments)
        if (commandId === undefined)
          commandId = readCommandId(await conversation.ask(command(pipeline, fragment), signal), pipeline)
        else await conversation.ask(send(commandId, fragment), signal)
      return commandId ?? pipeline
    } catch (error) {
      isUsable = false
      const isAccepted = commandId !== undefined || mayHaveActed(error)
      const refusal = !isAccepted && error instanceof WsmanFault && refusalOfFault(error.message)
      throw refusal || interruptedBy(error, isAccepted)
    }
  }

  const terminate = async (commandId: string) => {
    try {
      await conversation.ask(signalTo(commandId, 'terminate'), farewell())
    } catch (error) {
      isUsable = false
      if (!isGone(error)) log({ err: error }, 'a cmdlet was not cleared away')
    }
  }

  /** Asks a cmdlet to stop and hears it out, so that the shell stays usable. */
  const stop = async (commandId: string, pending: Promise<Heard> | undefined) => {
    const signal = farewell()
    try {
      await conversation.ask(signalTo(commandId, 'stop'), signal)
      let { done } = await until(pending ?? listen(commandId), signal, true)
      while (!done && !pool.isReady()) ({ done } = await until(listen(commandId), signal, true))
    } catch (error) {
      isUsable = false
      if (!isGone(error)) log({ err: error }, 'a cmdlet did not stop')
      return
    }
    await terminate(commandId)
  }

  const refused = ({ name }: Cmdlet, record: Clixml | undefined) => {
    const refusal = refusalOf(record)
    log({ cmdlet: name, type: refusal.type, requestId: requestIdOf(record) }, 'Exchange refused')
    return refusal
  }

  /** What else than a row an event is: something to note, a reason to refuse, or the end of the conversation. */
  const consider = (event: Exclude<PoolEvent, { kind: 'output' | 'ended' }>, cmdlet: Cmdlet): Refusal | undefined => {
    if (event.kind === 'error') return refused(cmdlet, event.record)
    if (event.kind === 'question')
      throw new Interrupted(`it asks for ${event.method}, which needs a person; the cmdlet was stopped`, true)
    if (event.kind === 'gone') throw new ProtocolError(`it closed the session: ${refusalOf(event.error).message}`)
    if (event.kind !== 'warning') return undefined
    warn(cmdlet.name, event.text)
    return truncationOf(cmdlet, event.text)
  }

  /** Hears what comes next while rows are worked on; should it fail, that is met where it is waited for. */
  const listen = (commandId: string) => {
    const next = conversation.hear(commandId, line)
    next.catch(() => {})
    return next
  }

  async function* run(cmdlet: Cmdlet, signal: AbortSignal): AsyncGenerator<Row> {
    if (signal.aborted) throw cancelled(signal, false)
    const commandId = await start(cmdlet, signal)
    let standing: Standing = 'running'
    let pending: Promise<Heard> | undefined
    let ended: Extract<PoolEvent, { kind: 'ended' }> | undefined
    let refusal: Refusal | undefined
    let isTold = false
    try {
      while (standing === 'running') {
        pending ??= listen(commandId)
        const { events, done } = await until(pending, signal, true)
        pending = undefined
        for (const event of events)
          if (event.kind === 'ended') ended = event
          else if (event.kind !== 'output') refusal ??= consider(event, cmdlet)
        if (done || (ended && events.length === 0)) standing = 'done'
        else pending = listen(commandId)
        for (const event of events) {
          if (event.kind === 'output') yield toRow(event.value)
          if (standing === 'running' && signal.aborted) throw cancelled(signal, true)
        }
        isTold = ended !== undefined
      }
    } catch (error) {
      if (error instanceof Interrupted) throw error
      standing = ended && isGone(error) ? 'done' : 'broken'
      const interrupted = standing === 'broken' && interruptedBy(error, true)
      if (interrupted && !isTold) throw interrupted
    } finally {
      if (standing === 'broken') isUsable = false
      else settling = standing === 'done' || pool.isReady() ? terminate(commandId) : stop(commandId, pending)
    }
    if (ended?.state === 'failed' && ended.error) throw refused(cmdlet, ended.error)
    if (ended?.state === 'failed' && refusal) throw refusal
    if (ended?.state !== 'completed') throw new Interrupted('the cmdlet ended without saying how', true)
    if (refusal) throw refusal
  }

  return {
    run,
    async settled() {
      await settling
      return isUsable && pool.isReady()
    },
  }
}
