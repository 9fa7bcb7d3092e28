import { setTimeout as sleep } from 'node:timers/promises'
import { BotError } from '../../errors.ts'
import { type Cmdlet, isRead, Refusal, type Transport } from '../transport.ts'
import type { Credential } from './authentication.ts'
import { Interrupted, isGone } from './conversation.ts'
import { createOpening } from './opening.ts'
import type { Limits } from './pool.ts'
import type { Log, Warn } from './runner.ts'
import type { Shell } from './shell.ts'
import { createShells } from './shells.ts'

export interface OnPremisesOptions {
  /** `https://ex1.contoso.com/PowerShell/`; http is for this machine only. */
  readonly address: string
  readonly credential: Credential
  /** Hosts beside that of the address to which the credential may go when Exchange redirects there. */
  readonly hosts?: readonly string[]
  /** Certificates, in PEM, of authorities that are trusted beside the public ones. */
  readonly ca?: readonly string[]
  readonly authentication?: 'basic' | 'kerberos'
  /** Shells at the same time, 1 to 3. */
  readonly shells?: number
  /** Processes that work with the same account: each takes its share of the shells, which is one at least. */
  readonly processes?: () => number
  /** Cmdlets that every new session begins with, such as Set-ADServerSettings; they must bear repetition. */
  readonly prepare?: readonly Cmdlet[]
  /** After how long without work a shell is deleted. */
  readonly idleMs?: number
  /** The longest that a session may take to open. */
  readonly openingMs?: number
  /** The longest that one cmdlet may take; by default two hours for a read, five minutes for anything else. */
  readonly deadlineMs?: number
  readonly limits?: Partial<Limits>
  readonly warn?: Warn
  readonly log?: Log
  readonly now?: () => Date
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

const defaultLimits: Limits = {
  messageBytes: 64 * 1024 * 1024,
  pipelineBytes: 64 * 1024 ** 3,
  pipelineObjects: 10_000_000,
}

const minute = 60_000

const silent = () => {}
const pause = (milliseconds: number, signal: AbortSignal) => sleep(milliseconds, undefined, { signal })

/** How long `close` lets an opening go on, so that the session that comes of it can be deleted. */
const graceMs = 10_000

/** Carries cmdlets to on-premises Exchange over PowerShell remoting ([MS-PSRP] over [MS-WSMV]). */
export function createOnPremisesTransport(options: OnPremisesOptions): Transport {
  const { address, credential, hosts = [], ca = [], authentication = 'basic', prepare = [], deadlineMs } = options
  const { warn = silent, log = silent, now = () => new Date(), wait = pause } = options
  const { shells: most = 2, processes = () => 1, idleMs = 90_000, openingMs = 5 * minute } = options
  const limits = { ...defaultLimits, ...options.limits }
  const closing = new AbortController()
  const closed = new AbortController()
  const outside = { warn, log, now, wait, closed: closed.signal }
  const open = createOpening({ address, credential, hosts, ca, authentication, prepare, limits, openingMs, ...outside })
  const size = () => Math.max(1, Math.floor(Math.min(most, 3) / processes()))
  const shells = createShells({ open, size, idleMs })

  /** Whether a cmdlet that failed so may be sent once more: a read that has shown nothing yet, or what never arrived. */
  const mayRepeat = (error: unknown, cmdlet: Cmdlet, handed: number) =>
    error instanceof Interrupted && (isRead(cmdlet) ? handed === 0 : isGone(error.cause) && !error.mayHaveRun)

  return {
    async *invoke(cmdlet, signal) {
      const deadline = AbortSignal.timeout(deadlineMs ?? (isRead(cmdlet) ? 120 : 5) * minute)
      const inTime = AbortSignal.any([signal, closing.signal, deadline])
      for (let attempt = 1; ; attempt++) {
        let shell: Shell | undefined
        let handed = 0
        let isClean = true
        try {
          shell = await shells.lease(inTime)
          for await (const row of shell.run(cmdlet, inTime)) {
            handed += 1
            yield row
          }
          return
        } catch (error) {
          isClean = error instanceof Refusal
          if (error instanceof Interrupted && isGone(error.cause)) shells.forget()
          if (!shell || attempt > 1 || inTime.aborted || !mayRepeat(error, cmdlet, handed))
            throw asBotError(error, cmdlet)
        } finally {
          const back = shell && shells.release(shell)
          if (isClean) await back
        }
      }
    },
    async close() {
      closing.abort()
      const timer = setTimeout(() => closed.abort(), graceMs)
      await shells.close()
      clearTimeout(timer)
    },
  }
}

function asBotError(error: unknown, cmdlet: Cmdlet): unknown {
  if (error instanceof Refusal) return new BotError('EXCHANGE_REFUSED', error.message, { cause: error })
  if (!(error instanceof Interrupted)) return error
  const isUnknown = error.mayHaveRun && !isRead(cmdlet)
  return new BotError(isUnknown ? 'EXCHANGE_OUTCOME_UNKNOWN' : 'EXCHANGE_UNREACHABLE', error.message, { cause: error })
}
