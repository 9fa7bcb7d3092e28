import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { type Connectors, createConnectors } from '../../src/connector/connectors.ts'
import type { Limits } from '../../src/inventory/inactive.ts'
import { createInventory, type Inventory } from '../../src/inventory/inventory.ts'
import { openFileStore } from '../../src/store/files.ts'
import { createLocalWork } from '../../src/store/work.ts'
import { type Connection, type Sandbox, startControlled } from './contract.ts'

/** Waits of programs that try again pass at once, those of people only when the clock is moved. */
const short = 60_000

/** A clock that moves when it is told to. */
export function createClock(start = Date.now()) {
  let time = start
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  return {
    now: () => new Date(time),
    wait(milliseconds: number, signal: AbortSignal): Promise<void> {
      if (milliseconds < short) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const sleeper = { until: time + milliseconds, wake: resolve }
        sleepers.add(sleeper)
        signal.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      })
    },
    /** Whether anybody waits for so many minutes from now, or for less. */
    isAwaited: (minutes: number) => [...sleepers].some(({ until }) => until <= time + minutes * 60_000),
    pass(minutes: number): void {
      time += minutes * 60_000
      for (const sleeper of sleepers) {
        if (sleeper.until > time) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
  }
}

/** Asks again until it is so. */
export async function until(holds: () => boolean | Promise<boolean>, what = String(holds)): Promise<void> {
  const limit = Date.now() + 45_000
  while (!(await holds())) {
    assert.ok(Date.now() < limit, `not in time: ${what}`)
    await setTimeout(5)
  }
}

/** The connectors of a site with everything below them, beside a sandbox Exchange; `restart` keeps what is stored. */
export async function startSite({ appId, demo = false }: { appId?: string; demo?: boolean } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'site-'))
  const credentials = join(folder, 'credentials')
  const sandbox: Sandbox = await startControlled()
  const clock = createClock()
  const logged: string[] = []
  const healths: string[] = []
  const log = pino({ level: 'debug' }, { write: (line) => void logged.push(line) })

  async function start() {
    const store = await openFileStore({ folder: join(folder, 'store'), kind: 'production' })
    const limits = new Map<string, Limits>()
    const inventory = await createInventory({ store, now: clock.now, limits: (name) => limits.get(name) ?? {} })
    const work = createLocalWork({ ...clock, log })
    const connectors = await createConnectors({
      ...clock,
      store,
      work,
      inventory,
      limits,
      log,
      demo,
      credentials,
      appId,
      onHealth: ({ name }, before, after) => void healths.push(`${name}: ${before.state} → ${after.state}`),
      changed: () => {},
    })
    return {
      connectors,
      inventory,
      async close() {
        await Promise.all([work.close(), connectors.close()])
        await store.close()
      },
    }
  }

  await mkdir(credentials)
  let parts = await start()
  return {
    sandbox,
    clock,
    logged,
    healths,
    folder,
    connectors: (): Connectors => parts.connectors,
    inventory: (): Inventory => parts.inventory,

    /** Writes a credential file. */
    async credential(name: string, content: object, mode = 0o600): Promise<void> {
      await writeFile(join(credentials, `${name}.json`), JSON.stringify(content), { mode })
    },

    /** An organization of the sandbox, its credential, and the settings that lead to it. */
    async found(about: Parameters<Sandbox['found']>[0], named?: string) {
      const organization = await sandbox.found({ devices: 3, ...about })
      const name = named ?? organization.name
      const credential = name.replaceAll(' ', '-')
      await this.credential(credential, credentialOf(organization))
      const { address, authority, tenant } = organization
      const where = about.kind === 'online' ? { address, authority, tenant } : { address }
      return { organization, settings: { name, kind: about.kind, credential, ...where } }
    },

    /** Adds a connector and waits for its first full read. */
    async add(settings: Readonly<Record<string, unknown>>): Promise<void> {
      const { connectors } = parts
      await connectors.add(connectors.check(settings))
      await until(() => connectors.get(String(settings.name)).health.state !== 'starting', 'first read')
    },

    change: (organization: Connection, change: object) =>
      sandbox.control('POST', `organizations/${encodeURIComponent(organization.name)}`, change),

    /** The cmdlets that have reached an organization. */
    async calls({
      name,
    }: Connection): Promise<{ cmdlet: string; parameters: Record<string, unknown>; door: string }[]> {
      const calls = await sandbox.control<
        { organization: string; cmdlet: string; parameters: Record<string, unknown>; door: string }[]
      >('GET', 'calls')
      return calls.filter(({ organization }) => organization === name)
    },

    /** Everything that is stored, as text. */
    async stored(): Promise<string> {
      const names = await readdir(join(folder, 'store'), { recursive: true, withFileTypes: true })
      const files = names.filter((entry) => entry.isFile())
      const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))
      return texts.join('\n')
    },

    async restart(): Promise<void> {
      await parts.close()
      parts = await start()
    },

    async close(): Promise<void> {
      await parts.close()
      await sandbox.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type Site = Awaited<ReturnType<typeof startSite>>

/** What an administrator writes into the credential file of an organization. */
export function credentialOf({ address, authority, tenant, clientId, secret, user, password }: Connection) {
  const hosts = [new URL(address).host]
  if (user !== undefined) return { hosts, user, password }
  return { hosts: [...hosts, new URL(authority).host], tenant, clientId, secret }
}
