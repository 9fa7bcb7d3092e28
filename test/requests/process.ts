/**
 * The rooms below the pipeline as a process of their own, on the store that the environment names, which ends itself by
 * kill -9 where it is told to. It takes up what a process before it left, asks for one wipe, has it approved, and says
 * in one line how everything stands when nothing is left to do.
 */

import { setImmediate } from 'node:timers/promises'
import { ConstantBackoff, handleAll, retry } from 'cockatiel'
import { z } from 'zod'
import { createAccess } from '../../src/access/access.ts'
import { createAudit } from '../../src/audit/audit.ts'
import { readAll, readWipes } from '../../src/connector/actions.ts'
import { createExchange } from '../../src/connector/exchange.ts'
import { createOnlineTransport } from '../../src/connector/online/rest.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { createRequests } from '../../src/requests/requests.ts'
import { openFileStore } from '../../src/store/files.ts'
import type { Collection, Definition, Store } from '../../src/store/store.ts'
import { createLocalWork, type Work } from '../../src/store/work.ts'
import { createTokens } from '../../src/tokens.ts'

export const TaskSchema = z.object({
  folder: z.string(),
  /** The database instead of the folder. */
  database: z.string().optional(),
  exchange: z.object({
    address: z.string(),
    authority: z.string(),
    tenant: z.string(),
    clientId: z.string(),
    secret: z.string(),
  }),
  /** The Guid of the device that is to be wiped. */
  wipe: z.string().optional(),
  /** The process ends at its so many-th effect, counted from its start or from the approval on. */
  kill: z.number(),
  from: z.enum(['start', 'approval']),
  /** Minutes that have passed besides those of the clock. */
  minutes: z.number(),
})
export type Task = z.infer<typeof TaskSchema>

const tenant = '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9'
const person = (id: string, name: string) => ({ tenant, id, name, addresses: async () => [] })
const asker = person('0d4c7e52-91ab-4f3e-a6d8-57b2c9e01f34', 'Hanna')
const approver = person('5a81f3c6-2e70-4d9b-b1c4-8f6e03d7a925', 'Omar')

const task = TaskSchema.parse(JSON.parse(process.env.TASK ?? ''))
const now = () => new Date(Date.now() + task.minutes * 60_000)
const log = { warn() {}, info() {}, error: (about: object, text?: string) => console.error(text, about) }
const patience = new AbortController().signal

let effects = Number.NEGATIVE_INFINITY
function effect(): void {
  effects += 1
  if (effects === task.kill) process.kill(process.pid, 'SIGKILL')
}

/** Before and after is an effect each. */
async function around<T>(act: () => Promise<T>): Promise<T> {
  effect()
  const result = await act()
  effect()
  return result
}

/** A store whose every write is an effect. */
function watched(store: Store): Store {
  return {
    ...store,
    append: (name, make) => around(() => store.append(name, make)),
    async open<T>(definition: Definition<T>): Promise<Collection<T>> {
      const collection = await store.open(definition)
      return {
        ...collection,
        put: (id, document) => around(() => collection.put(id, document)),
        delete: (id) => around(() => collection.delete(id)),
        update: (id, change) => around(() => collection.update(id, change)),
      }
    },
  }
}

/** How long a busy machine may take to answer for the database, in milliseconds. */
const unhurried = { connect: 30_000, quick: 30_000 }

async function openStore(): Promise<Store> {
  const { database: url, folder } = task
  if (url === undefined) return openFileStore({ folder, kind: 'demo' })
  const { openDatabase } = await import('../../src/store/postgres/migrations.ts')
  const { openPostgresStore } = await import('../../src/store/postgres/store.ts')
  const quiet = { ...log, error() {} }
  return openPostgresStore({
    database: await openDatabase({ url, kind: 'demo', log: quiet, patience: unhurried }),
    log: quiet,
  })
}

/** What failed is tried again, as outside of a test, where it would be due a second later. */
const again = retry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(1000) })

/** Work that does what is due now, and never comes to what is due later. */
function createWork(): { work: Work; idle: () => Promise<void> } {
  let running = 0
  const local = createLocalWork({
    now,
    log,
    wait: (milliseconds) => (milliseconds <= 0 ? Promise.resolve() : new Promise(() => {})),
  })
  const work: Work = {
    ...local,
    on: (kind, job) =>
      local.on(kind, (key) => {
        running += 1
        return again
          .execute(() => job(key))
          .finally(() => {
            running -= 1
          })
      }),
  }
  async function idle(): Promise<void> {
    do for (let turn = 0; turn < 3; turn += 1) await setImmediate()
    while (running > 0)
  }
  return { work, idle }
}

const store = watched(await openStore())
const { work, idle } = createWork()
const audit = await createAudit({ store, now: () => now().getTime(), days: 400, log })
const inventory = await createInventory({ store, now, log })
const access = await createAccess({
  store,
  inventory,
  directory: undefined,
  tenant,
  admins: [],
  first: [
    { holder: { kind: 'person', id: asker.id, name: asker.name }, role: 'Helpdesk Operator' },
    { holder: { kind: 'person', id: approver.id, name: approver.name }, role: 'Wipe Approver' },
  ],
  secondPerson: true,
  restHours: 0,
  now,
})
const { address, authority, tenant: organization, clientId, secret } = task.exchange
const tokens = createTokens({
  login: `${authority}/${organization}`,
  scope: `${address}/.default`,
  identity: { clientId, secret },
  now,
})
const exchange = createExchange({
  transport: createOnlineTransport({ address, tenant: organization, tokens, warn: () => {} }),
})
const requests = await createRequests({
  store,
  work,
  access,
  audit,
  inventory,
  now,
  make: async () => undefined,
  onStep: effect,
  settings: {
    APPROVALS: 1,
    APPROVAL_HOURS: 4,
    EXECUTION_HOURS: 1,
    BRAKE: { requester: 1000, approver: 1000, site: 1000, day: 1000 },
    RIGHTS_APPROVAL: 'on',
  },
  voice: { audience: async () => 1, news: async () => effect(), reminder: async () => {}, pulled: async () => {} },
  connectors: {
    read: (device, signal) => readAll({ device, exchange, inventory, signal }, now()),
    readWipes: (device, signal) => readWipes({ device, exchange, inventory, signal }, now()),
    canWipeAccount: () => true,
    wipe: ({ guid }, kind, signal) =>
      around(() => {
        const sending = exchange.wipe(guid, kind, signal)
        setImmediate().then(effect)
        return sending
      }),
  },
})

async function wipe(guid: string): Promise<void> {
  const { device, mailboxIdentity } = await exchange.device(guid, patience)
  const { owner } = await exchange.mailbox(mailboxIdentity, patience)
  const known = { ...device, connector: 'Contoso', mailbox: owner.mailbox }
  await inventory.put(known)
  await inventory.putOwner({ connector: 'Contoso', ...owner })
  const preview = await requests.preview(known, 'wipe', asker, patience)
  const { request } = await requests.askWipe(preview, asker, 'lost')
  if (task.from === 'approval') effects = 0
  await requests.approve(request.id, approver, request.v)
}

if (task.from === 'start') effects = 0
await requests.resume()
if (task.wipe !== undefined) await wipe(task.wipe)
await idle()
const records = []
for await (const record of audit.recent()) records.push(record)
process.stdout.write(JSON.stringify({ effects, requests: await requests.all(), records }))
process.exit()
