import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import { BotError, isBotError } from '../errors.ts'
import type { Exchange } from './exchange.ts'
import { reasonOf } from './report.ts'

/** After so many requests in a row that did not reach Exchange none is sent for a while; then one is, to see. */
const mostUnreachable = 3
const breakMs = 30_000

/** A connection in use; one that was replaced is closed by its last user. */
interface Lease {
  readonly exchange: Exchange
  users: number
  isReplaced: boolean
}

export interface LineOptions {
  /** Of the connector, for people. */
  readonly name: string
  readonly open: () => Promise<Exchange>
  /** Too many requests did not reach Exchange. */
  readonly onBreak: () => void
  readonly onError: (error: unknown) => void
  readonly breakMs?: number
}

export type Line = ReturnType<typeof createLine>

/** Keeps one connection to an organization, opened when it is wanted, and given up when Exchange cannot be reached by it. */
export function createLine({ name, open, onBreak, onError, ...options }: LineOptions) {
  let lease: Lease | undefined
  let opening: Promise<Lease> | undefined
  const using = new Set<Promise<unknown>>()
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: options.breakMs ?? breakMs,
    breaker: new ConsecutiveBreaker(mostUnreachable),
  })
  breaker.onBreak(onBreak)

  function replaceBy(next: Lease | undefined): void {
    const old = lease
    lease = next
    if (old === undefined) return
    old.isReplaced = true
    tidy(old)
  }

  function tidy({ exchange, users, isReplaced }: Lease): void {
    if (isReplaced && users === 0) exchange.close().catch(onError)
  }

  /** Opens another connection; whoever wants that at the same time shares it. */
  function renew(): Promise<Lease> {
    const begin = async () => {
      const next = { exchange: await open(), users: 0, isReplaced: false }
      replaceBy(next)
      return next
    }
    opening ??= begin().finally(() => {
      opening = undefined
    })
    return opening
  }

  async function borrow<T>(one: Lease, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    one.users += 1
    try {
      return await work(one.exchange)
    } catch (error) {
      if (isBotError(error, 'EXCHANGE_UNREACHABLE') && lease === one) replaceBy(undefined)
      throw error
    } finally {
      one.users -= 1
      tidy(one)
    }
  }

  async function tracked<T>(work: Promise<T>): Promise<T> {
    const settled = Promise.allSettled([work])
    using.add(settled)
    settled.then(() => using.delete(settled))
    return work
  }

  /** What cannot be used is not connected, whatever the reason. */
  const connected = () =>
    lease ??
    renew().catch((cause) => {
      throw new BotError('EXCHANGE_UNREACHABLE', `${name} is not connected: ${reasonOf(cause)}`, { cause })
    })

  return {
    /** The connection that there is, if there is one. */
    exchange: () => lease?.exchange,

    renew: async () => void (await renew()),

    /** Works with the connection, for as long as it takes. Throws what `open` does. */
    use: <T>(work: (exchange: Exchange) => Promise<T>): Promise<T> =>
      tracked((async () => borrow(lease ?? (await renew()), work))()),

    /**
     * Works with the connection for people who wait: after three failures in a row to reach Exchange they are told at once,
     * until a single trial has reached it again. Throws EXCHANGE_UNREACHABLE.
     */
    async useNow<T>(work: (exchange: Exchange) => Promise<T>, signal: AbortSignal): Promise<T> {
      const attempt = async () => {
        try {
          return { value: await borrow(await connected(), work) }
        } catch (error) {
          if (isBotError(error, 'EXCHANGE_UNREACHABLE') && !signal.aborted) throw error
          return { error }
        }
      }
      const result = await tracked(breaker.execute(attempt)).catch((error) => {
        throw error instanceof BrokenCircuitError
          ? new BotError('EXCHANGE_UNREACHABLE', `${name} did not answer ${mostUnreachable} times in a row`)
          : error
      })
      if ('error' in result) throw result.error
      return result.value
    },

    /** Closes the connection, and resolves when nobody uses it any more. */
    async close(): Promise<void> {
      const last = lease
      lease = undefined
      await last?.exchange.close()
      await Promise.all(using)
    },
  }
}
