import { Gauge, type Registry } from 'prom-client'
import type { Connectors, ConnectorView } from './connectors.ts'

/** What Prometheus reads of the connectors. */
export function measureConnectors(registry: Registry, connectors: Pick<Connectors, 'all'>): void {
  const gauge = (name: string, help: string, read: (view: ConnectorView) => Record<string, number | undefined>) =>
    new Gauge({
      name: `connector_${name}`,
      help,
      labelNames: ['connector', 'of'],
      registers: [registry],
      collect() {
        this.reset()
        for (const view of connectors.all())
          for (const [of, value] of Object.entries(read(view)))
            if (value !== undefined) this.set({ connector: view.name, of }, value)
      },
    })
  gauge('health', 'The state that a connector is in', ({ health }) => ({ [health.state]: 1 }))
  gauge('failed_tries', 'Tries in a row that did not work', ({ health }) => ({
    connection: 'failure' in health ? health.failure?.tries : 0,
  }))
  gauge('devices', 'Devices that the last full sync found', ({ full }) => ({ full: full?.devices }))
  gauge('last_sync_timestamp_seconds', 'When the last sync of a kind began', ({ full, delta }) => ({
    full: full && Date.parse(full.at) / 1000,
    delta: delta && Date.parse(delta.at) / 1000,
  }))
  gauge('sync_duration_seconds', 'How long the last sync of a kind took', ({ full, delta }) => ({
    full: full?.seconds,
    delta: delta?.seconds,
  }))
  gauge('unreadable_rows', 'Rows of the last sync of a kind that could not be read', ({ full, delta }) => ({
    full: full?.unreadable,
    delta: delta?.unreadable,
  }))
}
