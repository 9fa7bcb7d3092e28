import { z } from 'zod'
import type { Reply, Tone } from '../cards/card.ts'
import { isLegacy } from '../inventory/changes.ts'
import type { Device } from '../inventory/device.ts'
import { isOpen, isWipe, type WipeRequest } from '../requests/request.ts'
import { stateTexts } from '../requests/texts.ts'
import { type Context, defineCommand } from './command.ts'
import { clientName, inWords, toneOf } from './explain.ts'
import { barsOf, type Count, capital } from './replies.ts'
import { devicesTable, exemptionsTable, type Table, wipesTable } from './reportFile.ts'
import { sees } from './requests.ts'

interface Report {
  readonly title: string
  /** What is counted, and what the file lists. */
  readonly text: string
  counts(context: Context, visible: readonly string[]): readonly Count[] | Promise<readonly Count[]>
  table(context: Context, visible: readonly string[]): Table | Promise<Table>
}

const mostBars = 12
const day = 24 * 60 * 60_000
/** Statistics come last. */
const slow = 'Exchange tells it mailbox by mailbox, so it is known little by little after the first sync.'
/** Days of silence. */
const silences = [7, 30, 90, 180]

/** Counts that go by the same name as one, the largest first; the small ones of many are put together. */
function merged(counts: readonly Count[]): Count[] {
  const all = new Map<string, Count>()
  for (const one of counts) all.set(one.label, { ...one, count: one.count + (all.get(one.label)?.count ?? 0) })
  const sorted = [...all.values()].sort((one, other) => other.count - one.count)
  if (sorted.length <= mostBars) return sorted
  const others = sorted.slice(mostBars - 1).reduce((sum, { count }) => sum + count, 0)
  return [...sorted.slice(0, mostBars - 1), { label: 'Others', count: others }]
}

/** `iOS 17` of `iOS 17.4.1 21E236`: the system and its first number. */
const majorOf = (os: string) => /^\D*\d+/.exec(os)?.[0] ?? os

/** No contact for 30 days, or none that is known. */
function isSilent({ statistics, firstSync }: Device, now: Date): boolean {
  const last = Date.parse(statistics?.lastSync ?? firstSync ?? '') || 0
  return now.getTime() - last >= 30 * day
}

const wipesOf = async (context: Context) =>
  (await context.requests.all()).filter(isWipe).filter((request) => sees(request, context))

const endings: Partial<Record<WipeRequest['status']['state'], Tone>> = {
  acknowledged: 'good',
  unresolved: 'attention',
  refused: 'attention',
  denied: 'warning',
}

const reports: Readonly<Record<(typeof names)[number], Report>> = {
  stale: {
    title: 'Last contact',
    text: `How long devices have been silent; the file lists those without a contact for 30 days. ${slow}`,
    counts({ inventory }, visible) {
      const silentFor = (stale: number) => inventory.find({ stale, rows: 1 }, visible).total
      const all = inventory.tally(visible, 'state').reduce((sum, { count }) => sum + count, 0)
      const known = silentFor(0)
      const over = silences.map((days) => ({ days, count: silentFor(days) }))
      return [
        { label: `Within ${silences[0]} days`, count: known - (over[0]?.count ?? 0), tone: 'good' },
        ...over.map(
          ({ days, count }): Count => ({
            label: `Over ${days} days`,
            count,
            tone: days < 90 ? 'accent' : 'warning',
            press: { stale: days },
          }),
        ),
        { label: 'Not known', count: all - known },
      ]
    },
    table: (context, visible) => devicesTable(context, visible, (device) => isSilent(device, context.now())),
  },
  legacy: {
    title: 'Clients',
    text: 'What devices connect with; the file lists Exchange ActiveSync below 16.1, which knows no account-only wipe.',
    counts: ({ inventory }, visible) =>
      merged(
        inventory.tally(visible, 'clientType', 'clientVersion').map(({ values: [type, version = ''], count }) => {
          const client = { clientType: type, clientVersion: version, type: '' }
          const label = clientName(client)
          const tone = isLegacy(client) ? 'warning' : 'good'
          return { label, count, tone, ...(type && { press: { client: type === 'EAS' ? label : type } }) }
        }),
      ),
    table: (context, visible) => devicesTable(context, visible, isLegacy),
  },
  os: {
    title: 'Systems',
    text: 'Operating systems by their first version number; the file lists all devices.',
    counts: ({ inventory }, visible) =>
      merged(
        inventory.tally(visible, 'os').map(({ values: [os], count }) => {
          if (os === undefined) return { label: 'Not known', count }
          return { label: majorOf(os), count, tone: 'accent', press: { os: majorOf(os) } }
        }),
      ),
    table: (context, visible) => devicesTable(context, visible, () => true),
  },
  access: {
    title: 'Access',
    text: 'Who may connect; the file lists all devices, with the reason for each.',
    counts: ({ inventory }, visible) =>
      merged(
        inventory
          .tally(visible, 'state')
          .map(({ values: [state = ''], count }) => ({ label: state, count, tone: toneOf(state), press: { state } })),
      ),
    table: (context, visible) => devicesTable(context, visible, () => true),
  },
  wipes: {
    title: 'Wipes',
    text: 'Every request for a wipe that you may see, by how it stands or ended.',
    counts: async (context) =>
      merged(
        (await wipesOf(context)).map((request) => {
          const { state } = request.status
          const tone = endings[state] ?? (isOpen(request) ? 'accent' : 'default')
          return { label: capital(stateTexts[state].replace(/[,:].*/, '')), count: 1, tone }
        }),
      ),
    table: async (context) => wipesTable(await wipesOf(context)),
  },
  exemptions: {
    title: 'Personal exemptions',
    text: 'Device ids that mailboxes always allow or block, whether the device is still there or not.',
    counts({ inventory }, visible) {
      const owners = inventory.exempted(visible)
      const count = (list: 'allowed' | 'blocked') => owners.reduce((sum, one) => sum + (one[list]?.length ?? 0), 0)
      return [
        { label: 'Allowed', count: count('allowed'), tone: 'good' },
        { label: 'Blocked', count: count('blocked'), tone: 'attention' },
        { label: 'Mailboxes', count: owners.length },
      ]
    },
    table: exemptionsTable,
  },
  compliance: {
    title: 'Compliance',
    text: `How far devices apply the mobile device mailbox policy; the file lists those that do not apply all of it. ${slow}`,
    counts: ({ inventory }, visible) =>
      merged(
        inventory.tally(visible, 'policyStatus').map(({ values: [status], count }) => {
          if (status === undefined) return { label: 'Not known', count }
          return { label: inWords(status), count, tone: status === 'AppliedInFull' ? 'good' : 'warning' }
        }),
      ),
    table: (context, visible) =>
      devicesTable(context, visible, ({ statistics }) => statistics?.policyStatus !== 'AppliedInFull'),
  },
}

const names = ['stale', 'legacy', 'os', 'access', 'wipes', 'exemptions', 'compliance'] as const

export const report = defineCommand({
  name: 'report',
  usage: '<which> [csv]',
  summary:
    'Counts devices by last contact, client, system, access or compliance, or wipes or exemptions; csv: as a file.',
  example: 'report stale csv',
  permission: ['Collection.ReadResource'],
  scopes: [],
  changes: false,
  args: z.object({
    which: z.enum(names, `one of ${names.join(', ')}`).meta({ title: 'Report' }),
    csv: z.literal('csv', 'only the word csv').optional(),
  }),
  async run({ which, csv }, context): Promise<Reply> {
    const { title, text, counts, table } = reports[which]
    const visible = context.rights.reach('Collection.ReadResource')
    const isPrivate = context.scope === 'personal'
    const elsewhere = csv && !isPrivate ? ' The file holds what is private: ask for it in our chat, or in the tab.' : ''
    const name = `${which}-${context.now().toISOString().slice(0, 10)}.csv`
    const from = { verb: 'report', data: { which, csv: 'csv' } }
    return {
      template: 'report',
      about: { verb: 'report', data: { which } },
      data: { title, text: text + elsewhere, bars: barsOf(await counts(context, visible)), verb: 'find' },
      ...(csv && isPrivate && { file: { name, from, ...(await table(context, visible)) } }),
      buttons: isPrivate ? [{ title: 'As a file (CSV)', ...from }] : [],
    }
  },
})
