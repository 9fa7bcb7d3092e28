import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { startDemo } from '../../src/sandbox/demo.ts'
import { startSandboxExchange } from '../../src/sandbox/exchange/server.ts'
import { eventually, fastClock, hurry, type Json } from '../desk.ts'
import { unhurried } from '../store/postgres.ts'
import type { AboutReplica, Step } from './about.ts'

const script = join(import.meta.dirname, 'replica.ts')

/** Seconds that a start may take where others are busy too. */
const busy = 120

export interface Replica {
  readonly child: ChildProcess
  readonly url: string
  readonly ended: Promise<unknown>
}

/**
 * Any number of replicas on one database, or one process on files, between a small Exchange and a small Teams that go on
 * whatever becomes of them.
 */
export async function startReplicas(database: string | undefined, settings: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'replicas-'))
  const exchange = await startSandboxExchange()
  const running: Replica[] = []
  const logged: string[] = []
  let turn = 0
  let only: Replica | undefined
  let ahead = 0
  /** A balancer without stickiness: each request goes to the next replica. */
  const endpoint = () => {
    turn += 1
    return `${(only ?? running[turn % running.length])?.url}/api/messages`
  }
  const demo = await startDemo({ folder, port: 0, exchange: exchange.url, endpoint, now: fastClock })

  async function start(connector?: Json): Promise<Replica> {
    const stored: Record<string, string> =
      database === undefined ? { DATA_DIR: join(folder, 'store') } : { DATABASE_URL: database }
    const env = { ...demo.env, PORT: '0', ...stored, ...settings }
    const about: AboutReplica = { env, first: demo.first, hurry, ahead, patience: unhurried, connector }
    const child = fork(script, [JSON.stringify(about)], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'device-desk-compiled') },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => logged.push(text))
    const ended = once(child, 'exit')
    const [message] = await Promise.race([
      once(child, 'message'),
      ended.then(() => Promise.reject(new Error(`A replica did not start: ${logged.slice(-20).join('')}`))),
    ])
    const replica = { child, ended, ...z.object({ url: z.string() }).parse(message) }
    await eventually(async () => (await fetch(`${replica.url}/readyz`)).ok, busy)
    running.push(replica)
    return replica
  }
  const leave = (replica: Replica) => void running.splice(running.indexOf(replica), 1)

  return {
    exchange,
    teams: demo.teams,
    /** What the replicas warned of. */
    logged,
    running: running as readonly Replica[],
    /** The first one brings the connector. */
    start: () => start(running.length === 0 && turn === 0 ? demo.connector : undefined),

    /** Takes a replica from the balancer, then asks it to stop. */
    async stop(replica: Replica): Promise<void> {
      leave(replica)
      replica.child.kill('SIGTERM')
      await replica.ended
    },

    /** Ends a replica at once, as a loss of power would. */
    async kill(replica: Replica): Promise<void> {
      leave(replica)
      replica.child.kill('SIGKILL')
      await replica.ended
    },

    /** Lets a replica die of itself when it comes to a step. */
    doom: (replica: Replica, step: Step) => void (replica.child.connected && replica.child.send({ step }, () => {})),

    /** Takes who has died from the balancer. */
    bury(): number {
      const dead = running.filter(({ child }) => child.signalCode !== null || child.exitCode !== null)
      for (const replica of dead) leave(replica)
      return dead.length
    },

    /** Requests go to one replica only, for as long as this runs. */
    async through<T>(replica: Replica | undefined, ask: () => Promise<T>): Promise<T> {
      only = replica
      try {
        return await ask()
      } finally {
        only = undefined
      }
    },

    /** Replicas that are started from now on have a clock that is so far ahead. */
    hurryOn(milliseconds: number): void {
      ahead += milliseconds
    },

    /** The sandbox Exchange's control port. */
    async control(method: string, path: string, body?: unknown): Promise<Json> {
      const text = body === undefined ? null : JSON.stringify(body)
      return (await fetch(`${exchange.url}/_sandbox/${path}`, { method, body: text })).json()
    },

    async close(): Promise<void> {
      await Promise.all(
        [...running].map(({ child, ended }) => {
          child.kill('SIGKILL')
          return ended
        }),
      )
      await demo.close()
      await exchange.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type Replicas = Awaited<ReturnType<typeof startReplicas>>
