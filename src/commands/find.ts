import { z } from 'zod'
import type { Button } from '../cards/card.ts'
import { orders } from '../inventory/order.ts'
import { ageOf } from './age.ts'
import { mostInBatch } from './batch.ts'
import { type Context, defineCommand } from './command.ts'
import { heldDevices } from './ignored.ts'
import { rowOf } from './replies.ts'
import { namesOf } from './whichConnector.ts'

const args = z.object({
  text: z.string().trim().max(200).optional(),
  state: z.string().trim().max(40).optional(),
  connector: z.string().trim().max(100).optional(),
  os: z.string().trim().max(100).optional(),
  client: z.string().trim().max(100).optional(),
  stale: z.coerce.number().int().min(1).max(3650).optional(),
  sort: z.enum([...orders, ...orders.map((order) => `-${order}` as const)]).optional(),
  page: z.coerce.number().int().min(1).default(1),
  rows: z.coerce.number().int().min(1).max(100).optional(),
})

type FindArgs = z.output<typeof args>

export const find = defineCommand({
  name: 'find',
  aliases: ['search', 'list'],
  usage: '[text] [state:] [connector:] [os:] [client:] [stale:] [sort:] [page:]',
  summary: 'Finds devices by user, name, model, system or id; state:, os:, connector: and stale:<days> narrow it.',
  example: 'find adele state:allowed',
  permission: ['Collection.ReadResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args,
  async run(query, context) {
    const { inventory, rights } = context
    const by = orders.find((order) => query.sort?.endsWith(order))
    const sort = by && { by, down: query.sort?.startsWith('-') ?? false }
    const visible = rights.reach('Collection.ReadResource')
    const held = await heldDevices(context)
    const { total, rows, page, pages } = inventory.find({ ...query, sort, held }, visible)
    const names = namesOf(context)
    const several = names.length > 1
    const guess = total === 0 && query.text ? inventory.suggest(query.text, visible) : []
    const to = (title: string, wanted: number): Button => ({
      title,
      verb: 'find',
      data: { ...given(query), page: wanted },
    })
    return {
      template: 'devices',
      data: {
        title: total === 0 ? 'No device' : total === 1 ? '1 device' : `${total.toLocaleString('en')} devices`,
        text: [
          ...(total === 0 ? nothingFor(query, context) : []),
          ...(page > pages ? [`There is no page ${page}; the last is ${pages}.`] : []),
          ...(page <= pages && pages > 1 ? [`Page ${page} of ${pages}.`] : []),
          ...guess.map((name) => `Did you mean ${name}?`),
          ageOf(context.connectors, context.now()),
        ].join(' '),
        rows: rows.map((device) => ({ ...rowOf(device, context), ...(several && { connector: device.connector }) })),
        total,
        verb: 'device',
        ...(several && { connectors: names }),
      },
      buttons: [
        ...(page > 1 ? [to('Back', Math.min(page - 1, pages))] : []),
        ...(page < pages ? [to('More', page + 1)] : []),
        ...batchButtons(query, total, context),
      ],
    }
  },
})

/** Why nothing may have been found. */
function nothingFor({ state, connector }: FindArgs, { connectors }: Context): string[] {
  return [
    'Nothing matches; try fewer words, for example “find adele”.',
    ...(state ? ['The usual states are allowed, blocked and quarantined.'] : []),
    ...(connector && !connectors.has(connector)
      ? [`I know no connector “${connector}”; “status” shows them all.`]
      : []),
  ]
}

/** What can be done in private with all that was found, where that is more than one device and not too many. */
function batchButtons(
  { page: _, sort: _s, rows: _r, ...query }: FindArgs,
  total: number,
  { rights, scope }: Context,
): Button[] {
  if (total < 2 || total > mostInBatch || scope !== 'personal' || !rights.holds('Collection.ModifyResource')) return []
  return (['allow', 'block'] as const).map((action) => ({
    title: `${action === 'allow' ? 'Allow' : 'Block'} all ${total}`,
    verb: 'batch',
    data: { action, ...given(query) },
  }))
}

const given = (query: object): Button['data'] =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
