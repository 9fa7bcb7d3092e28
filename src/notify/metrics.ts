import { Counter, Gauge, type Registry } from 'prom-client'
import type { Notify } from './notify.ts'

/** What Teams took so far, and what had to be sent again. */
export interface Tally {
  sent: number
  retried: number
}

/** How much waits to be told, and what became of the rest. */
export function measure(
  registry: Registry,
  { load, tally, now }: { load: Notify['load']; tally: Readonly<Tally>; now: () => Date },
): void {
  const registers = [registry]
  new Gauge({
    name: 'notifications_waiting',
    help: 'Events that conversations have still to be told of',
    registers,
    async collect() {
      this.set((await load()).waiting)
    },
  })
  new Gauge({
    name: 'notifications_oldest_seconds',
    help: 'How long the oldest of them has been waiting',
    registers,
    async collect() {
      const { oldest } = await load()
      this.set(oldest === undefined ? 0 : (now().getTime() - Date.parse(oldest)) / 1000)
    },
  })
  new Counter({
    name: 'notifications_dropped_total',
    help: 'Events that a conversation was not told of, by reason',
    labelNames: ['reason'],
    registers,
    async collect() {
      this.reset()
      for (const [reason, events] of Object.entries((await load()).dropped)) this.inc({ reason }, events)
    },
  })
  new Counter({
    name: 'teams_messages_sent_total',
    help: 'Messages and edits that Teams took',
    registers,
    collect() {
      this.reset()
      this.inc(tally.sent)
    },
  })
  new Counter({
    name: 'teams_calls_retried_total',
    help: 'Calls to Teams that had to be made again',
    registers,
    collect() {
      this.reset()
      this.inc(tally.retried)
    },
  })
}
