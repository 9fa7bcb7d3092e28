import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { deltaSync } from '../../src/connector/delta.ts'
import { fullSync } from '../../src/connector/discovery.ts'
import { createExchange } from '../../src/connector/exchange.ts'
import { createOnlineTransport } from '../../src/connector/online/rest.ts'
import { createTokens } from '../../src/tokens.ts'
import type { Connection } from '../connector/contract.ts'
import { alternate, atMost, type Bench, below, median, quantile, timed } from './bench.ts'
import { startChild } from './child.ts'
import { openFleet, temporaryFolder } from './fleet.ts'

type Request = Parameters<typeof fetch>

/** Runs some work and gives the requests that it made. */
async function requestsOf(work: () => Promise<unknown>): Promise<readonly Request[]> {
  const { fetch } = globalThis
  const requests: Request[] = []
  globalThis.fetch = (...request) => {
    requests.push(request)
    return fetch(...request)
  }
  try {
    await work()
  } finally {
    globalThis.fetch = fetch
  }
  return requests
}

/** An inventory on a disk of its own that is kept up to date with one organization. */
async function openSite({ tenant, clientId, secret, authority, address }: Connection) {
  const folder = await temporaryFolder()
  const { inventory, close } = await openFleet(folder.path)
  const tokens = createTokens({
    login: `${authority}/${tenant}`,
    scope: `${address}/.default`,
    identity: { clientId, secret },
    now: () => new Date(),
  })
  const transport = createOnlineTransport({ address, tenant, tokens, warn: () => {} })
  const discovery = {
    connector: 'Bench',
    units: [],
    exchange: createExchange({ transport }),
    inventory,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  }
  return {
    inventory,
    full: () => fullSync(discovery, () => {}),
    delta: () => deltaSync(discovery, new Date()),
    async [Symbol.asyncDispose]() {
      await inventory.settled()
      await transport.close()
      await close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

type Site = Awaited<ReturnType<typeof openSite>>

/** What some work takes, altogether and of the processor, in milliseconds, and bytes that it wrote. */
async function costs(work: () => Promise<unknown>) {
  const [cpu, { fsWrite }] = [process.cpuUsage(), process.resourceUsage()]
  const milliseconds = await timed(work)
  const { user, system } = process.cpuUsage(cpu)
  return { milliseconds, cpu: (user + system) / 1000, written: (process.resourceUsage().fsWrite - fsWrite) * 512 }
}

type Costs = Awaited<ReturnType<typeof costs>>

/** Reading a whole organization, beside fetching the same pages and parsing them; the sandbox serves them from its own process. */
export const sync: Bench = {
  name: 'sync',
  async run(plan) {
    await using sandbox = await startChild(new URL('../../src/sandbox/exchange/index.ts', import.meta.url))
    const ask = async (path: string, body: object) =>
      (await fetch(`${sandbox.url}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })).json()
    const devices = plan.sized(100_000)
    const connection: Connection = await ask('organizations', { name: 'Bench', kind: 'online', devices })
    const requests = await requestsOf(async () => {
      await using site = await openSite(connection)
      await site.full()
    })
    const pages = requests.filter(([url]) => String(url).includes('InvokeCommand'))
    async function fetchAll() {
      for (const [url, { signal: _, ...init } = {}] of pages) JSON.parse(await (await fetch(url, init)).text())
    }

    /** Somebody asks every now and then; what the reading delays counts. A timer may be early by a part of a millisecond. */
    const latencies: number[] = []
    async function finding({ inventory, full }: Site) {
      const done = new AbortController()
      const asking = (async () => {
        for (let at = performance.now() + 20; !done.signal.aborted; at = performance.now() + 20) {
          await setTimeout(20)
          inventory.find({ text: 'adele' }, ['All Mobile Devices'])
          latencies.push(Math.max(0, performance.now() - at))
        }
      })()
      await full()
      done.abort()
      await asking
    }

    const half = plan.sized(500)
    const changed = 2 * half
    const spent = { first: [] as Costs[], again: [] as Costs[], delta: [] as Costs[] }
    const first = await alternate(
      plan,
      async () => {
        await using site = await openSite(connection)
        const full = await costs(site.full)
        spent.first.push(full)
        spent.again.push(await costs(() => finding(site)))
        await ask('organizations/Bench/changes', { new: half, quarantined: half })
        spent.delta.push(await costs(site.delta))
        await ask('organizations/Bench/changes', { allowed: half })
        return full.milliseconds
      },
      () => timed(fetchAll),
    )
    const unchanged = { ...first, ours: median(spent.again.map(({ milliseconds }) => milliseconds)) }
    const spentOn = (what: 'cpu' | 'written') => ({
      ours: median(spent.delta.map((one) => one[what])),
      baseline: median(spent.first.map((one) => one[what])),
    })
    const size = devices.toLocaleString('en')
    const p99 = quantile(latencies, 0.99)
    const note = `most ${Math.max(...latencies).toFixed(0)} ms`
    return [
      { name: `sync: ${size} unchanged devices, beside their pages`, ...unchanged, unit: 'ms', target: atMost(2) },
      { name: `sync: ${size} devices for the first time`, ...first, unit: 'ms', target: atMost(3) },
      {
        name: 'sync: p99 of find meanwhile, beside p50',
        ours: p99,
        baseline: quantile(latencies, 0.5),
        unit: 'ms',
        target: below(50, 'ms'),
        note,
      },
      {
        name: `sync: processor time of ${changed} new or quarantined devices, beside all`,
        ...spentOn('cpu'),
        unit: 'ms',
        target: atMost(1 / 20),
      },
      {
        name: `sync: bytes written of ${changed} new or quarantined devices, beside all`,
        ...spentOn('written'),
        unit: 'bytes',
        target: atMost(1 / 20),
      },
    ]
  },
}
