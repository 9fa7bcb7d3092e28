import { z } from 'zod'
import type { Audit } from '../audit/audit.ts'
import { BrokenChain, showHead } from '../audit/chain.ts'
import { defineCommand } from './command.ts'

const most = 15

/** Whether the record is whole, for everybody to read. */
async function chainOf(room: Audit): Promise<{ text: string; whole: boolean }> {
  try {
    const { records } = await room.check()
    return { text: `The chain is whole: ${records.toLocaleString('en')} records.`, whole: true }
  } catch (error) {
    if (!(error instanceof BrokenChain)) throw error
    return { text: `The ${error.message}.`, whole: false }
  }
}

export const audit = defineCommand({
  name: 'audit',
  usage: '[since:] [text]',
  summary: 'Shows the record of what was done and refused, newest first, and the head of its chain.',
  example: 'audit since:2026-11-01 wipe',
  permission: ['Audit.Read'],
  scopes: [],
  changes: false,
  args: z.object({
    since: z.iso.date('is a date such as 2026-11-01').optional().meta({ title: 'Since' }),
    text: z.string().trim().max(100).optional().meta({ title: 'Text' }),
    rows: z.coerce.number().int().min(1).max(200).default(most),
    /** Only what is older than the record of this number. */
    before: z.coerce.number().int().min(1).optional(),
    check: z.boolean().default(false),
  }),
  async run({ since, text, rows: wanted, before, check }, { audit: room, inventory }) {
    if (check) return { template: 'audit', data: { title: 'Audit', ...(await chainOf(room)), rows: [] } }
    const rows = []
    let older: number | undefined
    for await (const record of room.recent({
      since: since === undefined ? undefined : new Date(since),
      text,
      before,
    })) {
      if (rows.length === wanted) older = rows.at(-1)?.n
      if (older !== undefined) break
      rows.push(record)
    }
    const nameOf = (id: string | undefined) =>
      id === undefined ? 'Device Desk' : (inventory.person(id)?.displayName ?? id)
    return {
      template: 'audit',
      data: {
        title: 'Audit',
        text: `Head ${showHead(room.head())}. Keep it elsewhere: “npm run audit:verify -- --head …” proves with it that nothing was changed or cut off.`,
        rows: rows.map(({ n, at, who, command, target, outcome, note, reason }) => ({
          n: String(n),
          at,
          who: nameOf(who?.id),
          what: [command, target].filter(Boolean).join(' '),
          outcome: [outcome, note].filter(Boolean).join(': '),
          reason: reason ?? '',
        })),
        ...(older && { older }),
      },
      buttons: older
        ? [{ title: 'Older', verb: 'audit', data: { ...(since && { since }), ...(text && { text }), before: older } }]
        : [],
    }
  },
})
