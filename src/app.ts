import type { Logger } from 'pino'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { type AccessOptions, createAccess } from './access/access.ts'
import { createDirectory } from './access/directory.ts'
import { type Audit, createAudit } from './audit/audit.ts'
import type { About } from './cards/card.ts'
import { createCards } from './cards/draw.ts'
import { commands } from './commands/commands.ts'
import type { Settings } from './config.ts'
import { batchNews, createBatches } from './connector/batches.ts'
import { createConnectors } from './connector/connectors.ts'
import { measureConnectors } from './connector/metrics.ts'
import { driftNews, policyNews } from './connector/policy/news.ts'
import { createPolicies } from './connector/policy/policies.ts'
import { rulesNews } from './connector/rules/news.ts'
import { createRules } from './connector/rules/rules.ts'
import { BotError } from './errors.ts'
import type { Event } from './events/event.ts'
import { openOutbox } from './events/outbox.ts'
import type { Limits } from './inventory/inactive.ts'
import { createInventory } from './inventory/inventory.ts'
import { healthAtStart, healthNews, syncNews } from './notify/connectorNews.ts'
import { openConversations } from './notify/conversations.ts'
import { explains, newsOf } from './notify/deviceNews.ts'
import { startDigest } from './notify/digest.ts'
import { measure } from './notify/metrics.ts'
import { createNotify } from './notify/notify.ts'
import { attemptNews } from './notify/siteNews.ts'
import { openSubscriptions } from './notify/subscriptions.ts'
import { createVoice } from './notify/voice.ts'
import { createPipeline } from './pipeline.ts'
import { createRequests } from './requests/requests.ts'
import type { Store } from './store/store.ts'
import { watched } from './store/watch.ts'
import type { Work } from './store/work.ts'
import { createStreams } from './tab/streams.ts'
import { createTab, type Pretend } from './tab/tab.ts'
import type { Pace } from './teams/limits.ts'
import { createTeams } from './teams/teams.ts'

/** What is outside the program: everything that a test hands in as well. */
export interface Outside {
  readonly settings: Settings
  readonly store: Store
  readonly work: Work
  readonly demo: boolean
  /** Whom one may be at the tab of the demo, without signing in. */
  readonly pretend?: Pretend | undefined
  /** Takes activities without a token as well, from this machine; the demo only. */
  readonly unsigned: boolean
  /** Who holds which role in a store where nothing was granted yet. */
  readonly first: AccessOptions['first']
  readonly now: () => Date
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** How long people wait for an answer before they read that work is under way, in milliseconds. */
  readonly patience: number
  /** The clock by which Teams' limits are kept. */
  readonly pace: Pace
  readonly log: Logger
  /** Told at each step of carrying out a wipe. */
  readonly onStep: (step: string) => void
}

export type App = Awaited<ReturnType<typeof createApp>>

/** Puts the parts together, from the bottom up; reads no environment. */
export async function createApp(given: Outside) {
  const streams = createStreams(given)
  const outside = { ...given, store: watched(given.store, streams.tell) }
  const { settings, store, demo, now, log } = outside
  const audit = await createAudit({ store, now: () => now().getTime(), days: settings.AUDIT_DAYS, log })
  const complete = Promise.withResolvers<void>()
  const work = workAfter(complete.promise, outside.work)
  const outbox = await openOutbox({ store, work, now })
  const publish = (event: Event) =>
    void outbox.publish(event).catch((error) => log.error({ err: error, key: event.key }, 'an event was not kept'))
  const touched = (about: About) => void complete.promise.then(() => messenger.touched(about))
  const limits = new Map<string, Limits>()
  const inventory = await createInventory({
    store,
    now,
    log,
    limits: (connector) => limits.get(connector) ?? {},
    touched: () => streams.tell('devices'),
    /** Told when all rooms are there, since a request may be the reason for a change. */
    async onChange(changes) {
      await complete.promise
      const known = changes.some((change) => 'wipe' in change) ? await requests.all() : []
      const events = changes.flatMap((change) => {
        const explained = known.some((request) => explains(request, change))
        return newsOf(change, inventory.collections.of(change.device), explained) ?? []
      })
      await outbox.publish(...events)
    },
  })
  const processes = () => store.shared?.processes() ?? 1
  const connectors = await createConnectors({
    ...outside,
    processes,
    inventory,
    work,
    limits,
    credentials: settings.CREDENTIALS_DIR,
    appId: settings.MicrosoftAppId,
    onHealth({ name }, before, after) {
      log.warn({ connector: name, before: before.state, after: after.state }, 'connector health')
      publish(healthNews(name, before, after, now()))
    },
    onRun: ({ name }) => touched({ verb: 'connectors', data: { name } }),
    async onSynced({ name }, _, signal) {
      await complete.promise
      const { full } = connectors.all().find((one) => one.name === name) ?? {}
      if (full !== undefined) await outbox.publish(syncNews(name, full.devices, full.at, now()))
      const reads = await Promise.allSettled([policies.check(name, signal), rules.read(name, signal)])
      for (const read of reads) if (read.status === 'rejected') throw read.reason
    },
    async onRemoval(name) {
      await complete.promise
      await requests.leave(name)
      await policies.forget(name)
      await rules.forget(name)
    },
    changed: (device) => touched({ verb: 'device', data: { ref: device.guid } }),
  })
  const policies = await createPolicies({
    store,
    now,
    use: connectors.use,
    changed: (look, change) => outbox.publish(policyNews(look, change)),
    drifted: (look) => outbox.publish(driftNews(look)),
  })
  const rules = await createRules({
    store,
    now,
    log,
    use: connectors.use,
    changed: (change) => outbox.publish(rulesNews(change)),
  })
  const tenant = settings.MicrosoftAppTenantId ?? ''
  const directory = await directoryOf(settings, now)
  const access = await createAccess({
    ...outside,
    inventory,
    tenant,
    directory,
    admins: settings.ADMINS,
    secondPerson: settings.RIGHTS_APPROVAL === 'on',
    restHours: settings.APPROVER_REST,
  })
  const conversations = await openConversations(store)
  const subscriptions = await openSubscriptions({ store, access, inventory })
  const parts = {
    ...outside,
    audit,
    inventory,
    work,
    connectors,
    policies,
    rules,
    access,
    outbox,
    conversations,
    subscriptions,
  }
  const voice = createVoice({
    ...parts,
    ownerNotice: settings.OWNER_NOTICE === 'on',
    barFor: (request, person, rights) => requests.barFor(request, person, rights),
  })
  const requests = await createRequests({
    ...parts,
    voice,
    /** As who asked for it, through the one path. */
    async make(request) {
      const { requester, subject } = request
      const caller = { ...requester, addresses: async () => undefined }
      const press = { verb: subject.verb, data: subject.data, automatic: false }
      const signal = AbortSignal.timeout(10 * 60_000)
      const { reply, failure } = await ask({ caller, scope: 'personal', request: press, approved: request, signal })
      return failure?.message ?? (reply.undone && 'it is not what was approved any more; ask again.')
    },
  })
  const batches = await createBatches({
    ...parts,
    find: inventory.get,
    exempt: connectors.exempt,
    async assertMay({ by, action }, device, signal) {
      const rights = await access.rightsOf(by)
      if (!rights.may(device, 'Collection.ModifyResource'))
        throw new BotError('ACCESS_DENIED', 'Collection.ModifyResource')
      if (action === 'block') await requests.assertNoWipe(device, signal)
    },
    async moved(batch) {
      await outbox.publish(batchNews(batch))
      await messenger.touched({ verb: 'batch-progress', data: { id: batch.id } })
    },
  })
  const ask = createPipeline({
    desk: { ...parts, requests, batches },
    commands,
    refused: (attempt) => outbox.publish(attemptNews(attempt, now())),
    log,
  })
  const metrics = createMetrics(audit)
  measureConnectors(metrics, connectors)
  const cards = createCards(new URL('../cards/', import.meta.url))
  const tab = createTab({ ...parts, ask, cards, streams, touched: (about) => messenger.touched(about) })
  const teams = await createTeams({
    ...parts,
    ask,
    cards,
    pages: tab.handle,
    ready: () => (store.shared?.usable() ?? true) && (!demo || connectors.complete()),
    metrics: () => metrics.metrics(),
    heard: conversations.heard,
    happened: (what) => notify.happened(what),
    ownsGroup: async ({ id }, group) => (await directory?.owns(id, group)) ?? false,
    touched: (about) => notify.touched(about),
  })
  const { messenger } = teams
  const notify = await createNotify({ ...parts, messenger, gather: 3000 })
  await startDigest(parts)
  measure(metrics, { load: notify.load, tally: teams.tally, now })
  await outbox.publish(...healthAtStart(connectors.all(), now()))
  complete.resolve()
  if (settings.RIGHTS_APPROVAL === 'off')
    audit.note({ who: null, command: 'start', target: 'RIGHTS_APPROVAL=off', outcome: 'done' })
  await Promise.all([batches.resume(), requests.resume()])
  log.info({ head: audit.head() }, 'audit head')

  return {
    connectors,
    /** Resolves to the address once requests are taken. */
    listen: () => teams.listen(),
    /** Ends what is under way, then lets go of everything. */
    async close(): Promise<void> {
      tab.close()
      await teams.close()
      batches.close()
      await Promise.all([requests.close(), connectors.close()])
      await store.close()
    },
  }
}

/** Work of other processes may be due at once; here it waits until all rooms are there. */
const workAfter = (complete: Promise<void>, work: Work): Work => ({
  ...work,
  on(kind, job) {
    work.on(kind, async (key) => {
      await complete
      await job(key)
    })
  },
})

const directoryOf = async ({ CREDENTIALS_DIR, GRAPH_CREDENTIAL, MicrosoftAppTenantId }: Settings, now: () => Date) =>
  GRAPH_CREDENTIAL === undefined
    ? undefined
    : createDirectory({
        folder: CREDENTIALS_DIR,
        credential: GRAPH_CREDENTIAL,
        tenant: MicrosoftAppTenantId ?? '',
        now,
      })

function createMetrics(audit: Pick<Audit, 'head'>): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'audit_head',
    help: 'Number of the newest audit record; its hash is the label',
    labelNames: ['hash'],
    registers: [registry],
    collect() {
      const { n, hash } = audit.head()
      this.reset()
      this.set({ hash }, n)
    },
  })
  return registry
}
