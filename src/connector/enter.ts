import type { Logger } from 'pino'
import { isLoopback } from '../config.ts'
import { assertHost, type Credential } from '../credentials.ts'
import { BotError } from '../errors.ts'
import type { Offered } from './checklist.ts'
import type { Server } from './report.ts'
import type { Transport } from './transport.ts'

/** Everything that connecting needs from outside. */
export interface EnterOptions {
  /** Folder of the credentials. */
  readonly credentials: string
  /** The demo reaches this machine only. */
  readonly demo: boolean
  /** The bot's own application, whose secret must not open Exchange. */
  readonly appId: string | undefined
  /** How many processes work with the same organizations. */
  readonly processes?: () => number
  readonly now: () => Date
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly log: Logger
}

/** An organization that let us in. */
export interface Entry {
  readonly transport: Transport
  readonly address: URL
  readonly organization: string
  readonly servers: readonly Server[]
  /** `undefined` where the account could not ask. */
  readonly offered: Offered | undefined
  readonly restrictions: readonly string[]
}

/** Throws before a byte goes where a credential, or the demo, must not go. */
export function assertMayGo(credential: Credential, name: string, address: URL, { demo }: EnterOptions): void {
  assertHost(credential, address, name)
  if (demo && !isLoopback(address)) throw new BotError('CONNECTOR_REFUSED', 'the demo reaches this machine only')
}
