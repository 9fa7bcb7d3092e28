import { isBotError } from '../errors.ts'

/**
 * One parameter of a cmdlet. A switch is `true`; `{ add, remove }` changes a multi-valued property and leaves the rest
 * of it alone; a plain list overwrites, and `null` clears.
 */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | { readonly add?: readonly string[]; readonly remove?: readonly string[] }

/** One Exchange cmdlet, independent of the door that carries it. */
export interface Cmdlet {
  readonly name: string
  readonly parameters: Readonly<Record<string, Value>>
  /** Properties that are wanted; a door that cannot choose sends all. */
  readonly select?: readonly string[]
  /** May travel together with others of its kind: small reads of which many are wanted at once. */
  readonly together?: true
}

/** One object as Exchange shows it: text, numbers, booleans, lists and `null`; dates are ISO 8601 text. */
export type Row = Readonly<Record<string, unknown>>

/**
 * Carries cmdlets to one Exchange organization.
 *
 * `invoke` hands rows on as they arrive and ends normally only when the answer was complete. It throws one BotError:
 * - EXCHANGE_REFUSED: Exchange has seen the cmdlet and did not run it (`refusal` in the cause says why);
 * - EXCHANGE_UNREACHABLE: the cmdlet was not run;
 * - EXCHANGE_OUTCOME_UNKNOWN: it may have run. Only reads are ever sent a second time by a transport.
 * When `signal` aborts, it stops soon and throws one of the three, by what is known.
 */
export interface Transport {
  invoke(cmdlet: Cmdlet, signal: AbortSignal): AsyncIterable<Row>
  close(): Promise<void>
}

/** Why Exchange refused; `type` is the .NET exception class or the failure category when Exchange named one. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly kind: 'notFound' | 'permission' | 'throttled' | 'invalid' | 'other'
  readonly type: string | undefined

  constructor(kind: Refusal['kind'], message: string, type?: string) {
    super(message)
    this.kind = kind
    this.type = type
  }
}

/** Reads may be sent again after a failure; everything else may have taken effect. */
export const isRead = (cmdlet: Cmdlet) => cmdlet.name.startsWith('Get-')

/** Whether Exchange has no such object. */
export const isNotFound = (error: unknown) =>
  isBotError(error, 'EXCHANGE_REFUSED') && error.cause instanceof Refusal && error.cause.kind === 'notFound'
