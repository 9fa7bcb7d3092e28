import { cancelled, Interrupted, until } from './conversation.ts'
import type { Shell } from './shell.ts'

export interface ShellsOptions {
  readonly open: (signal: AbortSignal) => Promise<Shell>
  /** How many shells there are at most, which may change; who comes later waits, in order. */
  readonly size: () => number
  /** After how long without work a shell is deleted. */
  readonly idleMs: number
}

export interface Shells {
  lease(signal: AbortSignal): Promise<Shell>
  /** Takes a shell back once nothing of its last cmdlet is left; one that is no longer usable is deleted. */
  release(shell: Shell): Promise<void>
  /** Deletes the shells that nobody uses: the server has lost one, so it may have lost them all. */
  forget(): void
  /** Deletes all shells, also those in use, and resolves when none is left. */
  close(): Promise<void>
}

/** Keeps few shells open, since those of an account are counted, and reuses them, since opening one takes long. */
export function createShells({ open, size, idleMs }: ShellsOptions): Shells {
  const idle = new Map<Shell, NodeJS.Timeout>()
  const busy = new Set<Shell>()
  const waiting = new Set<() => void>()
  /** What `close` has to wait for. */
  const work = new Set<Promise<unknown>>()
  let taken = 0
  let isClosed = false

  const track = <T>(promise: Promise<T>) => {
    work.add(promise)
    const done = () => work.delete(promise)
    promise.then(done, done)
    return promise
  }

  const takePlace = async (signal: AbortSignal) => {
    if (taken < size()) {
      taken += 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      waiting.delete(resolve)
      reject(cancelled(signal, false))
    }
    waiting.add(resolve)
    signal.addEventListener('abort', abort, { once: true })
    await promise.finally(() => signal.removeEventListener('abort', abort))
  }

  /** A place that somebody waits for goes straight to them. */
  const givePlace = () => {
    taken -= 1
    for (const next of waiting) {
      if (taken >= size()) return
      taken += 1
      waiting.delete(next)
      next()
    }
  }

  const takeIdle = (shell: Shell) => {
    clearTimeout(idle.get(shell))
    idle.delete(shell)
  }

  const drop = (shell: Shell) => {
    takeIdle(shell)
    track(shell.remove())
  }

  /** Well before the server would delete it by itself. */
  const keep = (shell: Shell) => {
    const ms = Math.min(idleMs, (shell.idleSeconds ?? Number.POSITIVE_INFINITY) * 500)
    idle.set(shell, setTimeout(drop, ms, shell).unref())
  }

  const putBack = async (shell: Shell) => {
    const isUsable = await shell.settled()
    busy.delete(shell)
    if (isUsable && !isClosed) keep(shell)
    else await shell.remove()
    givePlace()
  }

  /** Who gives up does not wait for the opening; what comes of it is put back. */
  const openFor = async (signal: AbortSignal) => {
    const opening = track(open(signal))
    try {
      const shell = await until(opening, signal, false)
      busy.add(shell)
      return shell
    } catch (error) {
      track(opening.then(putBack, givePlace))
      throw error
    }
  }

  return {
    async lease(signal) {
      if (isClosed) throw new Interrupted('the connector is closed', false)
      if (signal.aborted) throw cancelled(signal, false)
      await takePlace(signal)
      const kept = [...idle.keys()].at(-1)
      if (!kept) return openFor(signal)
      takeIdle(kept)
      busy.add(kept)
      return kept
    },
    release: (shell) => track(putBack(shell)),
    forget() {
      for (const shell of [...idle.keys()]) drop(shell)
    },
    async close() {
      isClosed = true
      for (const shell of [...idle.keys(), ...busy]) drop(shell)
      while (work.size > 0) await Promise.allSettled(work)
    },
  }
}
