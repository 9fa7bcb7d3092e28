import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { z } from 'zod'
import { RequestSchema } from '../../src/requests/request.ts'
import { startSandboxExchange } from '../../src/sandbox/exchange/server.ts'
import { chatOf } from '../commands/chat.ts'
import { eventually, people } from '../desk.ts'
import { steps } from '../replicas/about.ts'
import { type Replicas, startReplicas } from '../replicas/replicas.ts'
import { startPostgres } from '../store/postgres.ts'
import type { Task } from './process.ts'

const RecordSchema = z.object({
  n: z.number(),
  at: z.string(),
  command: z.string(),
  target: z.string(),
  outcome: z.string(),
  of: z.number().optional(),
})
const EndSchema = z.object({ effects: z.number(), requests: z.array(RequestSchema), records: z.array(RecordSchema) })
const CallSchema = z.object({ cmdlet: z.string(), at: z.string(), parameters: z.record(z.string(), z.unknown()) })
/** How everything stands when a process had nothing left to do, and what it complained of. */
type End = z.infer<typeof EndSchema> & { readonly complaints: string }
type Call = z.infer<typeof CallSchema>
const DeviceSchema = z.object({ Guid: z.string(), DeviceId: z.string() })

/** With those on PostgreSQL and of the whole bot more than 300 in each run of the tests, some at every effect. */
const kills = Number(process.env.KILLS ?? 280)
const minutesToKnow = 21

/** So many wipes are approved one after the other on the same store, each by a process that is killed. */
const wipesOfAStory = 12

/** How Exchange answers the order. */
const weathers = ['well', 'lost-before', 'well', 'lost-after'] as const

/** Where the process lies in few files, so that each start takes a quarter less. */
let bundle: string

async function makeBundle(): Promise<void> {
  bundle = await mkdtemp(join(tmpdir(), 'crashing-'))
  await build({
    entryPoints: [join(import.meta.dirname, 'process.ts')],
    outdir: bundle,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['pg-native'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
}

/** Runs the process until it ends, by itself or not. */
async function run(task: Task): Promise<End | 'killed'> {
  const child = spawn(process.execPath, [join(bundle, 'process.mjs')], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(bundle, 'compiled'), TASK: JSON.stringify(task) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<string | number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? code))
  })
  const [said, complaints, end] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (end === 'SIGKILL') return 'killed'
  assert.equal(end, 0, complaints)
  return { ...EndSchema.parse(JSON.parse(said)), complaints }
}

async function startSite() {
  const exchange = await startSandboxExchange()
  const folder = await mkdtemp(join(tmpdir(), 'crash-'))

  async function control(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${exchange.url}/_sandbox/${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    })
    return response.json()
  }
  const AccountSchema = z.object({
    name: z.string(),
    address: z.string(),
    authority: z.string(),
    tenant: z.string(),
    clientId: z.string(),
    secret: z.string(),
  })
  const organization = 'Fabrikam'
  const account = AccountSchema.parse(await control('POST', 'organizations', { name: organization, kind: 'online' }))
  let mailboxes = 0

  return {
    folder,
    exchange: account,

    async newMailbox(): Promise<string> {
      mailboxes += 1
      const Alias = `crash${mailboxes}`
      const ExternalDirectoryObjectId = `99999999-0000-4000-8000-${String(mailboxes).padStart(12, '0')}`
      await control('POST', 'mailboxes', { organization, Alias, ExternalDirectoryObjectId })
      return Alias
    },

    async newPhone(mailbox: string): Promise<string> {
      const { Guid, DeviceId } = DeviceSchema.parse(
        await control('POST', 'devices', { organization, mailbox, ClientVersion: '16.1' }),
      )
      await control('POST', `devices/${DeviceId}/sync`, {})
      return Guid
    },

    fault: (then: (typeof weathers)[number]) =>
      then === 'well' ? control('DELETE', 'faults') : control('POST', 'faults', { cmdlet: 'Clear-MobileDevice', then }),

    /** The orders to erase a phone that reached Exchange, by the phone. */
    async orders(): Promise<Map<unknown, Call[]>> {
      const calls = z.array(CallSchema).parse(await control('GET', 'calls'))
      const orders = calls.filter(({ cmdlet }) => cmdlet === 'Clear-MobileDevice')
      return Map.groupBy(orders, ({ parameters }) => parameters.Identity)
    },

    async close(): Promise<void> {
      await exchange.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Site = Awaited<ReturnType<typeof startSite>>
type Stored = Pick<Task, 'folder' | 'database'>

/** Wipes on one store, each by a process that is killed where it is said; then what must hold. */
async function tell(site: Site, stored: Stored, plan: () => Pick<Task, 'from' | 'kill'>): Promise<number> {
  const mailbox = await site.newMailbox()
  const task = { ...stored, exchange: site.exchange, kill: 0, from: 'start' as const, minutes: 0 }
  const phones: string[] = []
  let killed = 0
  for (let n = 0; n < wipesOfAStory; n += 1) {
    const wipe = await site.newPhone(mailbox)
    phones.push(wipe)
    await site.fault(weathers[n % weathers.length] ?? 'well')
    if ((await run({ ...task, ...plan(), wipe })) === 'killed') killed += 1
  }
  await site.fault('well')
  await run(task)
  const end = await run({ ...task, minutes: minutesToKnow })
  assert.ok(end !== 'killed')
  const orders = await site.orders()
  for (const phone of phones) judge(phone, orders.get(phone) ?? [], end)
  return killed
}

/** Never twice, never without an approval and a record before it, and none silently lost. */
function judge(phone: string, orders: readonly Call[], { requests, records, complaints }: End): void {
  const about = requests.filter(({ subject }) => 'guid' in subject && subject.guid === phone)
  assert.ok(about.length <= 1, 'one request for a device')
  const [request] = about
  const state = request?.status.state
  const story = JSON.stringify({ state, orders, history: request?.history, complaints })
  assert.ok(orders.length <= 1, `never twice: ${story}`)
  if (request === undefined || request.round === 0) {
    assert.deepEqual(orders, [], `not without an approval: ${story}`)
    assert.ok(state === undefined || state === 'waiting')
    return
  }
  const [order] = orders
  assert.equal(request.approvals.length, state === 'unresolved' ? 0 : 1)
  assert.equal(state, order === undefined ? 'unresolved' : 'handed', `ended, or visibly unresolved: ${story}`)
  if (order === undefined) return
  const isBefore = ({ target, outcome, at }: z.infer<typeof RecordSchema>) =>
    target.endsWith(phone) && outcome === 'started' && at <= order.at
  assert.ok(records.some(isBefore), `recorded before: ${story}`)
}

/** How many effects a wipe has that nothing disturbs. */
async function effectsOf(site: Site, stored: Stored, from: Task['from']): Promise<number> {
  const wipe = await site.newPhone(await site.newMailbox())
  const end = await run({ ...stored, exchange: site.exchange, wipe, kill: 0, from, minutes: 0 })
  assert.ok(end !== 'killed')
  judge(wipe, (await site.orders()).get(wipe) ?? [], end)
  return end.effects
}

describe(`a process that is killed with -9 while it wipes`, function () {
  this.timeout(1_200_000)
  let sites: Site[]

  before(async () => {
    await makeBundle()
    sites = await Promise.all([startSite(), startSite()])
  })
  after(async () => {
    await Promise.all(sites.map((site) => site.close()))
    await rm(bundle, { recursive: true, force: true })
  })

  /** Stories one after the other at each site, killed at every effect in turn, until it was often enough. */
  async function killOften(wanted: number, newStore: (folder: string) => Promise<Stored>): Promise<void> {
    const [one] = sites
    assert.ok(one)
    const stored = await newStore(one.folder)
    const effects = {
      start: await effectsOf(one, stored, 'start'),
      approval: await effectsOf(one, stored, 'approval'),
    }
    let planned = 0
    let killed = 0
    const plan = () => {
      planned += 1
      const [from, nth] = planned % 4 === 0 ? (['start', planned / 4] as const) : (['approval', planned] as const)
      return { from, kill: 1 + (nth % effects[from]) }
    }
    const told = sites.map(async (site) => {
      while (killed < wanted) {
        const more = await tell(site, await newStore(site.folder), plan)
        killed += more
      }
    })
    for (const end of await Promise.allSettled(told)) if (end.status === 'rejected') throw end.reason
  }

  it(`${kills} times on files, sends each approved order at most once and loses none silently`, () =>
    killOften(kills, async (folder) => ({ folder: await mkdtemp(join(folder, 'store-')) })))

  const fewer = Math.ceil(kills / 20)
  it(`${fewer} times on PostgreSQL, does so too`, async () => {
    const postgres = await startPostgres()
    try {
      await killOften(fewer, async (folder) => ({ folder, database: await postgres.database() }))
    } finally {
      await postgres.close()
    }
  })
})

/** Where the whole bot is killed, how Exchange answers the order that time, and how many orders reach it. */
const ends = [
  ...steps
    .filter((step) => step !== 'failed')
    .map((step) => ({ step, then: 'well', wanted: step === 'begun' ? 0 : 1 }) as const),
  { step: 'failed', then: 'lost-before', wanted: 0 },
  { step: 'failed', then: 'lost-after', wanted: 1 },
] as const

describe('the whole bot, killed with -9 at every step of carrying out a wipe', function () {
  this.timeout(600_000)
  let desk: Replicas
  before(async () => {
    desk = await startReplicas(undefined, { BRAKE: '99,99,99,99' })
  })
  after(() => desk.close())

  async function newPhone(): Promise<string> {
    const about = { mailbox: 'adele', ClientVersion: '16.1' }
    const { Guid, DeviceId } = DeviceSchema.parse(await desk.control('POST', 'devices', about))
    await desk.control('POST', `devices/${DeviceId}/sync`)
    return Guid
  }

  const helpdesk = () => chatOf(desk, people.helpdesk)
  const approver = () => chatOf(desk, people.approver)

  async function askFor(guid: string): Promise<string> {
    const shown = await helpdesk().say(`wipe ${guid} stolen in Rome`)
    const { text } = await helpdesk().click(shown, 'Ask for approval', { shortId: guid.slice(0, 8) })
    return /R\d+/.exec(text)?.[0] ?? assert.fail(text)
  }

  /** Waits until a request stands so. */
  const settled = (id: string, pattern: RegExp) =>
    eventually(async () => pattern.test((await helpdesk().say(`request ${id}`)).text), 120)

  it(`${ends.length} times, sends each approved order at most once and loses none silently`, async () => {
    const phones = await Promise.all(ends.map(newPhone))
    const asked: string[] = []
    for (const [n, { step, then }] of ends.entries()) {
      const bot = await desk.start()
      const last = asked.at(-1)
      if (last !== undefined) await settled(last, /With Exchange|Being handed/)
      if (then !== 'well') await desk.control('POST', 'faults', { cmdlet: 'Clear-MobileDevice', times: 1, then })
      desk.doom(bot, step)
      const id = await askFor(phones[n] ?? '')
      asked.push(id)
      const card = await approver().say(`approve ${id}`)
      const [answer] = await Promise.allSettled([approver().click(card, 'Approve'), bot.ended])
      assert.equal(bot.child.signalCode, 'SIGKILL', `${step}: ${JSON.stringify(answer)}`)
      desk.bury()
      await desk.control('DELETE', 'faults')
    }
    desk.hurryOn(minutesToKnow * 60_000)
    await desk.start()
    const calls = z.array(CallSchema).parse(await desk.control('GET', 'calls'))
    const orders = Map.groupBy(calls, ({ cmdlet, parameters }) => `${cmdlet} ${parameters.Identity}`)
    for (const [n, { step, then, wanted }] of ends.entries()) {
      const story = `${asked[n]}, killed at ${step}, where Exchange answered ${then}`
      assert.equal(orders.get(`Clear-MobileDevice ${phones[n]}`)?.length ?? 0, wanted, story)
      await settled(asked[n] ?? '', wanted === 0 ? /Unresolved/ : /With Exchange/)
    }
  })
})
