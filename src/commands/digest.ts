import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { Fact } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { isLegacy } from '../inventory/changes.ts'
import { allDevices } from '../inventory/collections.ts'
import { isOpen, isWipe } from '../requests/request.ts'
import { type Context, defineCommand } from './command.ts'
import { toneOf } from './explain.ts'
import { barsOf } from './replies.ts'
import { connectorSteps } from './status.ts'

const week = 7 * 24 * 60 * 60_000
const silentDays = 30
/** As many devices are looked at before others have a turn. */
const portion = 2000
const mostGroups = 6

export const digest = defineCommand({
  name: 'digest',
  usage: '[collection]',
  summary: 'Shows the week: the fleet, what changed, wipes, quarantine, silent and legacy devices, the connectors.',
  example: 'digest',
  permission: ['Collection.ReadResource'],
  scopes: [],
  changes: false,
  args: z.object({ collection: z.string().trim().max(100).default(allDevices).meta({ title: 'Collection' }) }),
  async run({ collection: named }, context) {
    const { inventory, audit, rights, subscriptions } = context
    const collection = inventory.collections.get(named)?.name
    const held = rights.reach('Collection.ReadResource')
    if (named !== allDevices && (collection === undefined || !subscriptions.mayCover(rights, collection)))
      throw new BotError(
        'COMMAND_ARGUMENT',
        `You can read no collection “${named}”; “collections” lists those there are.`,
      )
    const visible = named === allDevices || collection === undefined ? held : [collection]
    const counts = Object.entries(inventory.counts(visible))
    const total = counts.reduce((sum, [, count]) => sum + count, 0)
    const { legacy, quarantinedSince } = await survey(visible, context)
    const { n, hash } = audit.head()
    return {
      template: 'digest',
      about: { verb: 'digest', data: { collection: named } },
      data: {
        title: 'The week in devices',
        text: `${total.toLocaleString('en')} devices${named === allDevices ? '' : ` in ${named}`}, by access state.`,
        bars: barsOf(counts.map(([label, count]) => ({ label, count, tone: toneOf(label) }))),
        times:
          quarantinedSince === undefined
            ? []
            : [{ label: 'Longest in quarantine, at least since', at: quarantinedSince }],
        facts: [
          { label: 'This week', value: (await changes(visible, context)).join('; ') || 'Nothing changed' },
          ...(await wipes(visible, context)),
          { label: 'Silent', value: silence(total, visible, context) },
          { label: 'Legacy', value: `${legacy.toLocaleString('en')} with Exchange ActiveSync below 16.1` },
          { label: 'Audit', value: `${n}:${hash.slice(0, 16)}` },
        ],
        steps: connectorSteps(context),
      },
    }
  },
})

/** How many are silent; the last contact of some is read later than the devices, or was never. */
function silence(total: number, visible: readonly string[], { inventory }: Context): string {
  const silentFor = (stale: number) => inventory.find({ stale, rows: 1 }, visible).total
  const unknown = total - silentFor(0)
  const rest = unknown === 0 ? '' : `, not known of ${unknown.toLocaleString('en')}`
  return `${silentFor(silentDays).toLocaleString('en')} for ${silentDays} days${rest}`
}

/** What has to be counted device by device; what Exchange changed a device at last was its quarantine, or came after it. */
async function survey(visible: readonly string[], { inventory }: Context) {
  let legacy = 0
  let quarantinedSince: string | undefined
  let seen = 0
  for (const device of inventory.devices(visible)) {
    if (isLegacy(device)) legacy += 1
    const since = device.changed ?? device.firstSync
    if (device.state === 'Quarantined' && since !== undefined && since < (quarantinedSince ?? '~'))
      quarantinedSince = since
    seen += 1
    if (seen % portion === 0) await setImmediate()
  }
  return { legacy, quarantinedSince }
}

/** What happened to these devices within a week, the most frequent first. */
async function changes(visible: readonly string[], { outbox, now }: Context): Promise<string[]> {
  const since = new Date(now().getTime() - week).toISOString()
  const counts = new Map<string, number>()
  for await (const { at, subject, group } of outbox.all())
    if (group !== undefined && at >= since && subject.of === 'device')
      if (subject.collections.some((one) => visible.includes(one))) counts.set(group, (counts.get(group) ?? 0) + 1)
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, mostGroups)
    .map(([group, count]) => `${group}: ${count.toLocaleString('en')}`)
}

async function wipes(visible: readonly string[], { requests, inventory, now }: Context): Promise<Fact[]> {
  const since = new Date(now().getTime() - week).toISOString()
  const own = (await requests.all()).filter(isWipe).filter(({ subject }) => {
    const device = inventory.get(subject)
    return device === undefined
      ? visible.includes(allDevices)
      : visible.some((collection) => inventory.contains(collection, device))
  })
  const done = own.filter(({ status }) => status.state === 'acknowledged' && status.at >= since)
  return [{ label: 'Wipes', value: `${own.filter(isOpen).length} open, ${done.length} acknowledged this week` }]
}
