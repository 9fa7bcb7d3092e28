import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccessOptions, createAccess } from '../../src/access/access.ts'
import type { RightsChange } from '../../src/access/changes.ts'
import { createDirectory } from '../../src/access/directory.ts'
import type { AuditEntry } from '../../src/audit/chain.ts'
import { BotError } from '../../src/errors.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import type { Request } from '../../src/requests/request.ts'
import { createRequests } from '../../src/requests/requests.ts'
import { openFileStore } from '../../src/store/files.ts'
import { type Graph, startGraph } from './graph.ts'

export const tenant = '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9'
export const all = 'All Mobile Devices'
export const hour = 60 * 60_000

const numbers = new Map<string, number>()

/** The object id of somebody or of a group, by name. */
export function idOf(name: string): string {
  const n = numbers.get(name) ?? numbers.size + 1
  numbers.set(name, n)
  return `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`
}

const holderOf = (name: string) => ({ kind: 'person' as const, id: idOf(name), name })
export const groupOf = (name: string) => ({ kind: 'group' as const, id: idOf(name), name })

/** Rights and the requests that change them, on a store of their own, with a clock and, if wanted, a small Graph. */
export async function startSite({
  first = [],
  graph: withGraph = false,
  restHours = 24,
  ...options
}: Partial<Omit<AccessOptions, 'first'>> & {
  /** Who begins with which role. */
  first?: readonly (readonly [name: string, role: string])[]
  graph?: boolean
} = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rights-'))
  const graph = withGraph ? await startGraph() : undefined
  let time = Date.parse('2026-11-23T12:00:00Z')
  const now = () => new Date(time)
  const records: AuditEntry[] = []
  let close = async () => {}

  async function directoryOf({ host }: Graph) {
    const credentials = join(folder, 'credentials')
    await mkdir(credentials, { recursive: true })
    const clientId = idOf('the app of Graph')
    await writeFile(join(credentials, 'graph.json'), JSON.stringify({ hosts: [host], tenant, clientId, secret: 's' }), {
      mode: 0o600,
    })
    return createDirectory({ folder: credentials, credential: 'graph', tenant, now })
  }

  async function open(admins = options.admins ?? []) {
    const store = await openFileStore({ folder: join(folder, 'store'), kind: 'demo' })
    close = store.close
    const inventory = await createInventory({ store, now })
    const directory = graph && (await directoryOf(graph))
    const access = await createAccess({
      store,
      inventory,
      tenant,
      directory,
      first: first.map(([name, role]) => ({ holder: holderOf(name), role })),
      secondPerson: true,
      restHours,
      now,
      ...options,
      admins,
    })
    const due = new Set<string>()
    const jobs = new Map<string, (key: string) => Promise<void>>()
    const requests = await createRequests({
      store,
      access,
      inventory,
      now,
      work: {
        on: (kind, job) => void jobs.set(kind, job),
        due: async (kind, key, at = now()) => void (at.getTime() <= time && due.add(`${kind} ${key}`)),
        close: async () => {},
      },
      audit: {
        record: async (entry) => {
          records.push(entry)
          return { n: records.length } as never
        },
      },
      settings: {
        APPROVALS: 1,
        APPROVAL_HOURS: 100,
        EXECUTION_HOURS: 1,
        BRAKE: { requester: 5, approver: 10, site: 20, day: 40 },
        RIGHTS_APPROVAL: options.secondPerson === false ? 'off' : 'on',
      },
      make: async () => undefined,
      voice: { audience: async () => 1, news: async () => {}, reminder: async () => {}, pulled: async () => {} },
      onStep: () => {},
      connectors: {
        read: async (known) => {
          const device = { ...known, statistics: { read: now().toISOString(), wipe: {}, accountWipe: {} } }
          return { device, partnerships: [device] }
        },
        readWipes: () => Promise.reject(new BotError('EXCHANGE_UNREACHABLE')),
        wipe: () => Promise.reject(new BotError('EXCHANGE_UNREACHABLE')),
        canWipeAccount: () => true,
      },
    })
    return { store, inventory, access, requests, due, jobs }
  }

  let rooms = await open()
  const asker = (name: string) => ({ tenant, id: idOf(name), name, addresses: async () => [] })

  async function work(): Promise<void> {
    for (const key of rooms.due) {
      rooms.due.delete(key)
      const [kind = '', id = ''] = key.split(' ')
      await rooms.jobs.get(kind)?.(id)
    }
  }

  async function ask(name: string, change: RightsChange): Promise<Request> {
    const { request } = await rooms.requests.askRights(change, asker(name))
    await work()
    return rooms.requests.get(request.id)
  }

  async function approve(name: string, { id, v }: Request): Promise<Request> {
    await rooms.requests.approve(id, asker(name), v)
    await work()
    return rooms.requests.get(id)
  }

  return {
    graph,
    records,
    ask,
    approve,
    rooms: () => rooms,
    pass(milliseconds: number): void {
      time += milliseconds
    },
    rights: (name: string, options?: { fresh?: boolean }) => rooms.access.rightsOf(asker(name), options),

    /** A change that two make together. */
    async change(by: string, second: string, change: RightsChange): Promise<void> {
      const asked = await ask(by, change)
      const { status } = asked.status.state === 'done' ? asked : await approve(second, asked)
      assert.equal(status.state, 'done')
    },

    /** With other Full Administrators in the environment, if wanted. */
    async restart(admins = options.admins ?? []): Promise<void> {
      await close()
      rooms = await open(admins)
    },

    async close(): Promise<void> {
      await close()
      await graph?.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type Site = Awaited<ReturnType<typeof startSite>>

export const grant = (name: string, role: string, collection = all): RightsChange => ({
  change: 'grant',
  holder: holderOf(name),
  role,
  collection,
})
export const grantToGroup = (name: string, role: string, collection = all): RightsChange => ({
  change: 'grant',
  holder: groupOf(name),
  role,
  collection,
})
export const revoke = (name: string, role?: string): RightsChange => ({
  change: 'revoke',
  holder: holderOf(name),
  ...(role && { role }),
})
export const collection = (name: string, rule: string, more: { parent?: string; approvals?: number } = {}) => ({
  name,
  parent: all,
  rule,
  ...more,
})
export const add = (...about: Parameters<typeof collection>): RightsChange => ({
  change: 'collection-add',
  collection: collection(...about),
})
