import type { Logger } from 'pino'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { type AccessOptions, createAccess } from './access/access.ts'
import { createAudit } from './audit/audit.ts'
import { createCards } from './cards/draw.ts'
import { commands } from './commands/commands.ts'
import type { Settings } from './config.ts'
import { createConnectors } from './connector/connectors.ts'
import { createInventory } from './inventory/inventory.ts'
import { createPipeline } from './pipeline.ts'
import type { Store } from './store/store.ts'
import { createTeams } from './teams/teams.ts'

/** What is outside the program: everything that a test hands in as well. */
export interface Outside {
  readonly settings: Settings
  readonly store: Store
  readonly demo: boolean
  /** Takes activities without a token as well, from this machine; the demo only. */
  readonly unsigned: boolean
  /** Who holds which role in a store where nothing was granted yet. */
  readonly first: AccessOptions['first']
  readonly now: () => Date
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly log: Logger
}

export type App = Awaited<ReturnType<typeof createApp>>

/** Puts the parts together, from the bottom up; reads no environment. */
export async function createApp(outside: Outside) {
  const { settings, store, demo, unsigned, now, log } = outside
  const audit = await createAudit({ store, now: () => now().getTime(), days: settings.AUDIT_DAYS, log })
  const inventory = await createInventory({ store, now })
  const connectors = await createConnectors({
    ...outside,
    inventory,
    credentials: settings.CREDENTIALS_DIR,
    changed: (device) => void teams.touched({ verb: 'device', data: { ref: device.guid } }),
  })
  const access = await createAccess({
    ...outside,
    inventory,
    tenant: settings.MicrosoftAppTenantId ?? '',
    admins: settings.ADMINS,
  })
  const ask = createPipeline({ desk: { inventory, connectors, access, audit, now }, commands, log })
  const cards = createCards(new URL('../cards/', import.meta.url))
  const metrics = createMetrics(audit)
  const teams = await createTeams({
    settings,
    store,
    ask,
    cards,
    audit,
    demo,
    unsigned,
    now,
    log,
    ready: () => !demo || connectors.complete(),
    metrics: () => metrics.metrics(),
  })
  log.info({ head: audit.head() }, 'audit head')

  return {
    connectors,
    /** Resolves to the address once requests are taken. */
    listen: () => teams.listen(),
    /** Ends what is under way, then lets go of everything. */
    async close(): Promise<void> {
      await teams.close()
      await connectors.close()
      await store.close()
    },
  }
}

function createMetrics(audit: Awaited<ReturnType<typeof createAudit>>): Registry {
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
