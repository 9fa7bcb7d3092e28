import { randomUUID } from 'node:crypto'
import { type Http, HttpFailure } from './http.ts'
import type { Pool, PoolEvent } from './pool.ts'
import { faults, type Operation, readAnswer, readReceived, receive, WsmanFault, writeEnvelope } from './wsman.ts'
import { type Element, ProtocolError } from './xml.ts'

/** The conversation about a cmdlet broke off, or did not come about. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** Whether Exchange may have run the cmdlet; if not, it certainly has not. */
  readonly mayHaveRun: boolean

  constructor(message: string, mayHaveRun: boolean, options?: ErrorOptions) {
    super(message, options)
    this.mayHaveRun = mayHaveRun
  }
}

/** What is thrown when the signal has aborted. */
export const cancelled = ({ reason }: AbortSignal, mayHaveRun: boolean) =>
  new Interrupted(
    reason instanceof Error && reason.name === 'TimeoutError' ? 'it took too long' : 'cancelled',
    mayHaveRun,
  )

/** Rejects as soon as the signal aborts; what the promise does later is up to whoever holds it. */
export function until<T>(promise: Promise<T>, signal: AbortSignal, mayHaveRun: boolean): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(cancelled(signal, mayHaveRun))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}

/** A wait that an abort ends early is no failure: whatever comes next finds the abort out by itself. */
export const ignoreAbort = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted) throw error
}

/** How long to wait for a cmdlet to stop, or for a shell to go, before it is left to its idle time. */
export const farewell = () => AbortSignal.timeout(10_000)

/** How long the server may think about an operation, and how much longer the network may take. */
const operationSeconds = 60
const slackSeconds = 15

/** How often the answer to a Receive may get lost in a row. */
const maxLost = 3

/** How long to wait after an answer with nothing in it: a server may give those at once instead of holding a Receive. */
const emptyMs = 250

const abortedCode = '995'

/** Whether the server may have acted on the operation that failed so. */
export const mayHaveActed = (error: unknown) =>
  error instanceof WsmanFault
    ? error.code === faults.timedOut || error.code === abortedCode
    : !(error instanceof HttpFailure) || error.reached

/** What went wrong, as an Interrupted; everything that is not a failure of the conversation is a bug and thrown on. */
export function interruptedBy(error: unknown, mayHaveRun: boolean): Interrupted {
  if (error instanceof HttpFailure || error instanceof WsmanFault || error instanceof ProtocolError)
    return new Interrupted(error.message, mayHaveRun, { cause: error })
  throw error
}

const isTimedOut = (error: unknown) => error instanceof WsmanFault && error.code === faults.timedOut
export const isGone = (error: unknown) =>
  error instanceof WsmanFault && (error.code === faults.notFound || /WSMan-InvalidShellID/.test(error.message))

export interface Heard {
  readonly events: readonly PoolEvent[]
  /** The command is done: nothing more will come. */
  readonly done: boolean
}

export interface Conversation {
  /** As the server returned it. */
  shellId: string | undefined
  /** Sends one operation, once. A server knows by the id of the message that it has been sent before. */
  ask(operation: Operation, signal: AbortSignal, messageId?: string): Promise<Element>
  /** Hears what there is of the shell or of a command; nothing new within the time of an operation is no failure. */
  hear(commandId: string | undefined, signal: AbortSignal): Promise<Heard>
  /** How many bytes a fragment may have, so that an envelope is not larger than the server takes. */
  fragmentSize(): number
}

export interface Outside {
  readonly to: string
  readonly http: Http
  readonly pool: Pool
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** The requests and answers of one shell ([MS-WSMV] 3.1.4). */
export function createConversation({ to, http, pool, wait }: Outside): Conversation {
  const sessionId = randomUUID()

  /** A server below 2.2 takes smaller envelopes, and before it is known, each may be one. */
  const maxEnvelope = () => (pool.minor() >= 2 ? 512_000 : 153_600)

  const conversation: Conversation = {
    shellId: undefined,

    async ask(operation, signal, messageId = randomUUID()) {
      const { shellId } = conversation
      const addressing = { to, messageId, sessionId, shellId, maxEnvelope: maxEnvelope(), operationSeconds }
      const inTime = AbortSignal.timeout((operationSeconds + slackSeconds) * 1000)
      const answer = await http.post(writeEnvelope(operation, addressing), AbortSignal.any([signal, inTime]))
      return readAnswer(answer, messageId)
    },

    async hear(commandId, signal) {
      const messageId = randomUUID()
      for (let lost = 1; ; lost++)
        try {
          const { chunks, done } = readReceived(await conversation.ask(receive(commandId), signal, messageId))
          if (chunks.length === 0 && !done) await wait(emptyMs, signal).catch(ignoreAbort(signal))
          return { events: chunks.flatMap((bytes) => pool.receive(bytes)), done }
        } catch (error) {
          if (isTimedOut(error)) return { events: [], done: false }
          if (!(error instanceof HttpFailure) || !isPassing(error) || signal.aborted || lost === maxLost) throw error
          await wait(lost * 500, signal).catch(ignoreAbort(signal))
          pool.afterLoss()
        }
    },

    fragmentSize: () => Math.floor(((maxEnvelope() - 3000) / 4) * 3),
  }
  return conversation
}

/** The connection broke, or a server in between has no answer: what there is to hear is still there. */
const isPassing = ({ status }: HttpFailure) => status === undefined || status >= 500
