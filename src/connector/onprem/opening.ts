import { isLoopback } from '../../config.ts'
import { BotError } from '../../errors.ts'
import { type Cmdlet, Refusal } from '../transport.ts'
import { basic, type Credential, negotiate } from './authentication.ts'
import { cancelled, Interrupted, ignoreAbort } from './conversation.ts'
import { createHttp, HttpFailure } from './http.ts'
import { secondsToWait } from './refusal.ts'
import { openShell, type Shell, type ShellOptions } from './shell.ts'
import { faults, WsmanFault } from './wsman.ts'

export interface OpeningOptions extends Omit<ShellOptions, 'to' | 'http'> {
  readonly address: string
  readonly credential: Credential
  readonly hosts: readonly string[]
  readonly ca: readonly string[]
  readonly authentication: 'basic' | 'kerberos'
  readonly prepare: readonly Cmdlet[]
  readonly now: () => Date
  /** Ends every opening that is under way. */
  readonly closed: AbortSignal
}

/** How often a session is asked for that Exchange throttles, and the longest wait that is worth it. */
const maxOpenings = 3
const maxWaitSeconds = 120

const maxRedirections = 3

/**
 * Opens sessions where Exchange wants them and when it wants them. The signal ends the waiting for a turn; an opening
 * that is under way goes on to its end, so that no session is left behind that nobody knows.
 */
export function createOpening(options: OpeningOptions): (signal: AbortSignal) => Promise<Shell> {
  const { credential, ca, authentication, prepare, now, closed, log, wait } = options
  const address = addressOf(options.address)
  const hosts = [address.hostname, ...options.hosts.map((host) => host.toLowerCase())]
  const mayHaveCredential = ({ host, hostname }: URL) =>
    hosts.some((one) => one === host || one === hostname || hostname.endsWith(`.${one}`))
  let notBefore = 0

  const connect = (url: URL) => {
    const proof = authentication === 'kerberos' ? negotiate(url.hostname, credential) : basic(credential)
    const http = createHttp(url, { authentication: proof, ca })
    return openShell({ ...options, to: url.href, http }, closed)
  }

  const follow = async (url: URL, redirections = 0): Promise<Shell> => {
    try {
      return await connect(url)
    } catch (error) {
      const target = redirectionOf(error, url)
      if (!target || redirections === maxRedirections) throw error
      if (target.protocol !== 'https:' || !mayHaveCredential(target))
        throw new Interrupted(`it redirects to ${target.host}, which is not among the hosts of the credential`, false)
      return follow(target, redirections + 1)
    }
  }

  const open = async () => {
    const shell = await follow(address)
    try {
      for (const cmdlet of prepare) await drain(shell.run(cmdlet, closed))
      return shell
    } catch (error) {
      await shell.settled()
      await shell.remove()
      throw error instanceof Interrupted ? new Interrupted(error.message, false, { cause: error }) : error
    }
  }

  return async (signal) => {
    for (let opening = 1; ; opening++) {
      const early = notBefore - now().getTime()
      if (early > 0) await wait(early, signal).catch(ignoreAbort(signal))
      if (signal.aborted) throw cancelled(signal, false)
      try {
        return await open()
      } catch (error) {
        if (!(error instanceof Refusal) || error.kind !== 'throttled') throw error
        const seconds = secondsToWait(error.message) ?? 2 ** opening
        notBefore = now().getTime() + seconds * 1000
        if (opening === maxOpenings || seconds > maxWaitSeconds) throw error
        log({ seconds }, 'Exchange throttles')
      }
    }
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
