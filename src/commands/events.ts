import { z } from 'zod'
import type { Button, Reply } from '../cards/card.ts'
import type { Published } from '../events/event.ts'
import { type Context, defineCommand } from './command.ts'

/** Whether somebody may know of an event: a device that they see, or what concerns the site. */
function sees({ subject }: Published, { inventory, rights }: Context): boolean {
  if (subject.of !== 'device') return rights.holds('Site.Read')
  const device = inventory.get(subject)
  if (device !== undefined) return rights.may(device, 'Collection.ReadResource')
  return rights.reach('Collection.ReadResource').some((collection) => subject.collections.includes(collection))
}

/** The events of one sort that one may know of, oldest first. */
async function eventsOf(
  { group, from, to }: { group: string; from: number; to: number },
  context: Context,
): Promise<Published[]> {
  const found: Published[] = []
  for await (const event of context.outbox.all())
    if (event.group === group && event.n >= from && event.n <= to && sees(event, context)) found.push(event)
  return found
}

/** Events as a table for other programs. */
const tableOf = (events: readonly Published[]) => ({
  columns: ['At', 'About', 'What', 'Connector', 'Guid'],
  rows: () =>
    events.map(({ at, title, text, subject }) => [
      at,
      title,
      text,
      subject.of === 'site' ? '' : subject.connector,
      subject.of === 'device' ? subject.guid : '',
    ]),
})

const onPage = 20

export const events = defineCommand({
  name: 'events',
  usage: '<group> [from:] [to:] [page:] [as:]',
  summary: 'Lists events that were told together, as far as you may see the devices; as:csv hands them out as a file.',
  example: 'events "new devices"',
  permission: ['Collection.ReadResource'],
  scopes: [],
  changes: false,
  args: z.object({
    group: z.string().trim().max(300).meta({ title: 'Group' }),
    from: z.coerce.number().int().min(0).default(0),
    to: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER),
    page: z.coerce.number().int().min(1).default(1),
    as: z.literal('csv', 'only csv').optional(),
  }),
  async run({ group, from, to, page, as }, context): Promise<Reply> {
    const found = await eventsOf({ group, from, to }, context)
    const pages = Math.max(1, Math.ceil(found.length / onPage))
    const turn = (title: string, wanted: number): Button => ({
      title,
      verb: 'events',
      data: { group, from, to, page: wanted },
    })
    const isPrivate = context.scope === 'personal'
    const file = { verb: 'events', data: { group, from: String(from), to: String(to), as: 'csv' } }
    const name = `events-${context.now().toISOString().slice(0, 10)}.csv`
    const elsewhere = as && !isPrivate ? ' Files are handed out in our chat: ask for it there.' : ''
    const where = pages > 1 ? `Page ${page} of ${pages}.` : 'That is all.'
    return {
      template: 'news',
      data: {
        title: `${found.length.toLocaleString('en')} ${group}`,
        text:
          (found.length === 0 ? 'Nothing of that sort is kept; events are kept for about a week.' : where) + elsewhere,
        tone: 'default',
        steps: found.slice((page - 1) * onPage, page * onPage).map(({ at, text }) => ({ at, text })),
      },
      ...(as && isPrivate && { file: { name, from: file, ...tableOf(found) } }),
      buttons: [
        ...(page > 1 ? [turn('Back', page - 1)] : []),
        ...(page < pages ? [turn('More', page + 1)] : []),
        ...(isPrivate && found.length > 0 ? [{ title: 'As a file (CSV)', ...file }] : []),
      ],
    }
  },
})
