import { setTimeout as sleep } from 'node:timers/promises'
import { BotError } from '../../errors.ts'
import { isLoopback } from '../../tokens.ts'
import { type Cmdlet, isRead, Refusal, type Transport } from '../transport.ts'
import { basic, type Credential, negotiate } from './authentication.ts'
import { Interrupted, ignoreAbort, isGone } from './conversation.ts'
import { createHttp, HttpFailure } from './http.ts'
import type { Limits } from './pool.ts'
import { secondsToWait } from './refusal.ts'
import type { Log, Warn } from './runner.ts'
import { openShell, type Shell } from './shell.ts'
import { createShells } from './shells.ts'
import { faults, WsmanFault } from './wsman.ts'

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
  /** Cmdlets that every new session begins with, such as Set-ADServerSettings; they must bear repetition. */
  readonly prepare?: readonly Cmdlet[]
  readonly idleMs?: number
  /** The longest that one cmdlet may take. */
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

/** How often a session is asked for that Exchange throttles, and the longest wait that is worth it. */
const maxOpenings = 3
const maxWaitSeconds = 120

const maxRedirections = 3

/** Carries cmdlets to on-premises Exchange over PowerShell remoting ([MS-PSRP] over [MS-WSMV]). */
export function createOnPremisesTransport(options: OnPremisesOptions): Transport {
  const { credential, hosts = [], ca = [], authentication = 'basic', prepare = [], limits } = options
  const { warn = () => {}, log = () => {}, now = () => new Date(), wait = pause } = options
  const address = addressOf(options.address)
  const mayHaveCredential = ({ host, hostname }: URL) =>
    [address.hostname, ...hosts].some((one) => one === host || one === hostname || hostname.endsWith(`.${one}`))
  const closing = new AbortController()
  let notBefore = 0

  const connect = (url: URL, signal: AbortSignal) => {
    const proof = authentication === 'kerberos' ? negotiate(url.hostname, credential) : basic(credential)
    return openShell(
      {
        to: url.href,
        http: createHttp(url, { authentication: proof, ca }),
        limits: { ...defaultLimits, ...limits },
        wait,
        warn,
        log,
      },
      signal,
    )
  }

  /** Opens a session where Exchange wants it, as long as the credential may go there. */
  const follow = async (url: URL, signal: AbortSignal, redirections = 0): Promise<Shell> => {
    try {
      return await connect(url, signal)
    } catch (error) {
      const target = redirectionOf(error, url)
      if (!target || redirections === maxRedirections) throw error
      if (target.protocol !== 'https:' || !mayHaveCredential(target))
        throw new Interrupted(`it redirects to ${target.host}, which is not among the hosts of the credential`, false)
      return follow(target, signal, redirections + 1)
    }
  }

  const begin = async (signal: AbortSignal) => {
    const shell = await follow(address, signal)
    try {
      for (const cmdlet of prepare) await drain(shell.run(cmdlet, signal))
      return shell
    } catch (error) {
      await shell.settled()
      await shell.remove()
      throw error instanceof Interrupted ? new Interrupted(error.message, false, { cause: error }) : error
    }
  }

  const open = async (signal: AbortSignal) => {
    for (let opening = 1; ; opening++) {
      const early = notBefore - now().getTime()
      if (early > 0) await wait(early, signal).catch(ignoreAbort(signal))
      try {
        return await begin(signal)
      } catch (error) {
        if (!(error instanceof Refusal) || error.kind !== 'throttled') throw error
        const seconds = secondsToWait(error.message) ?? 2 ** opening
        notBefore = now().getTime() + seconds * 1000
        if (opening === maxOpenings || seconds > maxWaitSeconds) throw error
        log({ seconds }, 'Exchange throttles')
      }
    }
  }

  const { shells: size = 2, idleMs = 90_000, deadlineMs = 30 * 60_000 } = options
  const shells = createShells({ open, size: Math.min(Math.max(size, 1), 3), idleMs })

  return {
    async *invoke(cmdlet, signal) {
      const inTime = AbortSignal.any([signal, closing.signal, AbortSignal.timeout(deadlineMs)])
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
          const isLost = error instanceof Interrupted && isGone(error.cause)
          if (isLost) shells.forget()
          const mayRepeat = isRead(cmdlet) ? handed === 0 : isLost && !error.mayHaveRun
          if (!shell || !(error instanceof Interrupted) || !mayRepeat || attempt > 1 || inTime.aborted)
            throw asBotError(error, cmdlet)
        } finally {
          const back = shell && shells.release(shell)
          if (isClean) await back
        }
      }
    },
    async close() {
      closing.abort()
      await shells.close()
    },
  }
}

/** Basic shows the password to whoever listens, so it travels encrypted or not at all; so does a Kerberos log-on. */
function addressOf(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new BotError('CONFIG_INVALID', `The address ${text} is not one such as https://ex1.contoso.com/PowerShell/`)
  if (url.protocol === 'http:' && !isLoopback(url))
    throw new BotError('CREDENTIAL_UNUSABLE', `it would travel unencrypted to ${text}; use https`)
  if (url.pathname === '/') url.pathname = '/PowerShell/'
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

const pause = (milliseconds: number, signal: AbortSignal) => sleep(milliseconds, undefined, { signal })

const drain = async (rows: AsyncIterable<unknown>) => {
  for await (const row of rows) void row
}

/** Where a failed opening was sent to: by HTTP, or by a fault whose text names the address. */
function redirectionOf(error: unknown, from: URL): URL | undefined {
  const cause = error instanceof Interrupted ? error.cause : undefined
  const location =
    cause instanceof HttpFailure
      ? cause.location
      : cause instanceof WsmanFault && cause.code === faults.redirect
        ? /https?:\/\/[^\s"<>]+/.exec(cause.message)?.[0]
        : undefined
  return location === undefined ? undefined : (URL.parse(location, from) ?? undefined)
}

function asBotError(error: unknown, cmdlet: Cmdlet): unknown {
  if (error instanceof Refusal) return new BotError('EXCHANGE_REFUSED', error.message, { cause: error })
  if (!(error instanceof Interrupted)) return error
  const isUnknown = error.mayHaveRun && !isRead(cmdlet)
  return new BotError(isUnknown ? 'EXCHANGE_OUTCOME_UNKNOWN' : 'EXCHANGE_UNREACHABLE', error.message, { cause: error })
}
