import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Fact, Reply } from '../cards/card.ts'
import type { Batch } from '../connector/batches.ts'
import { BotError } from '../errors.ts'
import { type Device, exemptionOf, nameOf } from '../inventory/device.ts'
import { type Context, defineCommand, Reason, type Values } from './command.ts'
import { viewDevice } from './device.ts'
import { heldDevices } from './ignored.ts'
import { askSecond, isMass, type Preview, type Second, secondFact } from './massChange.ts'
import { barsOf, capital, pressable, rowOf } from './replies.ts'

/** So many devices at once; more than that is a rule's business. */
export const mostInBatch = 500
const mostShown = 5

const args = z.object({
  action: z.enum(['allow', 'block'], 'allow or block').meta({ title: 'Action' }),
  text: z.string().trim().max(200).optional(),
  state: z.string().max(40).optional(),
  connector: z.string().max(100).optional(),
  os: z.string().max(100).optional(),
  client: z.string().max(100).optional(),
  stale: z.coerce.number().int().min(1).max(3650).optional(),
  reason: Reason,
  /** The digest of the devices that were shown: what is confirmed is these and no others. */
  confirm: z.string().optional(),
})

type BatchArgs = z.output<typeof args>

/** The devices of a batch, and why others that were found are left out. */
interface Chosen {
  readonly devices: readonly Device[]
  readonly left: ReadonlyMap<string, number>
}

/** What the search finds; of an approved batch the devices that were approved and are still there. */
async function candidates(given: BatchArgs, context: Context): Promise<readonly Device[]> {
  const { action: _, reason: _r, confirm: _c, ...query } = given
  const { inventory, rights, approved } = context
  if (approved?.subject.devices !== undefined)
    return approved.subject.devices.flatMap((key) => inventory.get(key) ?? [])
  const held = await heldDevices(context)
  const wanted = { ...query, held, rows: mostInBatch }
  const { total, rows } = inventory.find(wanted, rights.reach('Collection.ModifyResource'))
  if (total <= mostInBatch) return rows
  throw new BotError(
    'COMMAND_ARGUMENT',
    `${total.toLocaleString('en')} devices are too many at once: narrow it to ${mostInBatch}, or set an access rule with “rule-add”.`,
  )
}

async function choose(given: BatchArgs, context: Context): Promise<Chosen> {
  const devices: Device[] = []
  const left = new Map<string, number>()
  for (const device of await candidates(given, context)) {
    const why = await whyNot(given.action, device, context)
    if (why === undefined) devices.push(device)
    else left.set(why, (left.get(why) ?? 0) + 1)
  }
  return { devices, left }
}

async function whyNot(action: Batch['action'], device: Device, context: Context): Promise<string | undefined> {
  const exemption = exemptionOf(device, context.inventory.owner(device))
  if (exemption === (action === 'allow' ? 'allowed' : 'blocked')) return `${exemption} already`
  if (action === 'allow' && device.reason?.startsWith('External')) return 'decided by Intune or Conditional Access'
  return action === 'block' && (await viewDevice(device, context)).wipePending ? 'wipe pending' : undefined
}

const digestOf = (action: string, devices: readonly Device[]) =>
  createHash('sha256')
    .update(JSON.stringify([action, ...devices.map(({ connector, guid }) => `${connector}/${guid}`).sort()]))
    .digest('hex')
    .slice(0, 16)

const named = (count: number) => (count === 1 ? '1 device' : `${count.toLocaleString('en')} devices`)

function previewReply(
  given: BatchArgs,
  { devices, left }: Chosen,
  second: Second | undefined,
  context: Context,
  notice?: string,
): Preview {
  const { action, confirm: _, ...query } = given
  const title = action === 'allow' ? 'Allow' : 'Block'
  const facts: Fact[] = [
    { label: 'Reason', value: given.reason, private: true },
    ...[...left].map(([label, count]) => ({ label: 'Left out', value: `${named(count)} ${label}` })),
    ...(second ? [secondFact(second)] : []),
  ]
  return {
    template: 'preview',
    data: {
      title: `${title} ${named(devices.length)}?`,
      text: 'Each gets a personal exemption of its mailbox; Exchange applies it at the next contact. Nothing is erased.',
      tone: action === 'block' ? 'attention' : 'default',
      ...(notice && { notice }),
      warnings: [],
      changes: [],
      facts,
      times: [],
      bars: [],
      rows: devices.slice(0, mostShown).map((device) => rowOf(device, context)),
      verb: 'device',
    },
    buttons:
      devices.length === 0
        ? []
        : [
            {
              title: `${title} ${named(devices.length)}`,
              verb: 'batch',
              data: pressable({ action, ...query, confirm: digestOf(action, devices) }),
              style: action === 'block' ? 'destructive' : 'positive',
            },
            { title: 'Back', verb: 'find', data: pressable({ ...query, reason: undefined }) },
          ],
  }
}

export const batch = defineCommand({
  name: 'batch',
  usage: '<action> [state:] [connector:] [os:] [stale:] [reason:] [text]',
  summary: `Allows or blocks all devices that “find” would find, ${mostInBatch} at most, one after the other.`,
  example: 'batch block os:"Android 9" reason:"no longer supported"',
  permission: ['Collection.ModifyResource'],
  scopes: [],
  changes: (values: Values) => values.confirm !== undefined,
  called: ({ action }) => (action === undefined ? 'Allow or block' : `${capital(String(action))} all that were found`),
  args,
  async run(given, context) {
    const { action, reason, confirm } = given
    const chosen = await choose(given, context)
    const { devices } = chosen
    const isForTwo = action === 'block' && (await isMass(devices.length, context))
    const second = isForTwo ? ({ permission: 'Collection.ModifyResource', devices } as const) : undefined
    const show = (notice?: string) => previewReply(given, chosen, second, context, notice)
    if (confirm === undefined || devices.length === 0) return show()
    if (context.approved === undefined && confirm !== digestOf(action, devices))
      return { ...show('These are not the devices that you saw, so nothing was done.'), undone: true }
    if (second !== undefined && context.approved === undefined) return askSecond(show(), second, context, reason)
    const { tenant, id, name } = context.caller
    const begun = await context.batches.start({
      action,
      by: { tenant, id, name },
      reason,
      ...(context.approved && { request: context.approved.id }),
      devices: devices.map((device) => ({
        connector: device.connector,
        guid: device.guid,
        name: nameOf(device, context.inventory.owner(device)),
      })),
    })
    return { ...progressReply(begun), record: `${begun.id}: ${named(devices.length)}` }
  },
})

const titles = { running: 'is under way', stopped: 'was stopped', done: 'is done' } as const

/** How far a batch has got, and what was refused. */
function progressReply({ id, action, by, reason, devices, results, state }: Batch): Reply {
  const done = results.filter(({ outcome }) => outcome === 'done').length
  const refused = results.flatMap(({ why }, at) =>
    why === undefined ? [] : [{ text: `${devices[at]?.name}: ${why}` }],
  )
  return {
    template: 'status',
    about: { verb: 'batch-progress', data: { id } },
    data: {
      title: `${id} ${titles[state]}`,
      text: `${by.name} ${action === 'allow' ? 'allows' : 'blocks'} ${named(devices.length)}: ${reason}`,
      bars: barsOf([
        { label: 'Done', count: done, tone: 'good' },
        { label: 'Refused', count: refused.length, tone: 'attention' },
        { label: 'To do', count: devices.length - results.length, tone: 'default' },
      ]),
      steps: refused.slice(0, 10).map((step) => ({ ...step, mark: '✕' as const, tone: 'attention' as const })),
    },
    buttons: state === 'running' ? [{ title: 'Stop', verb: 'batch-stop', data: { id }, style: 'destructive' }] : [],
  }
}

const id = z
  .string()
  .trim()
  .regex(/^b\d+$/i, 'looks like B1001')
  .toUpperCase()
  .meta({ title: 'Batch' })

/** A batch is its owner's; whoever looks after rights may see and stop it too. */
async function visible(wanted: string, { batches, caller, rights }: Context): Promise<Batch> {
  const found = await batches.get(wanted)
  if (found.by.id === caller.id || rights.holds('Security.Modify')) return found
  throw new BotError('COMMAND_ARGUMENT', `You have no batch “${wanted}”; the card with which you began one names it.`)
}

export const batchProgress = defineCommand({
  name: 'batch-progress',
  usage: '<id>',
  summary: 'Shows how far a batch of yours has got.',
  example: 'batch-progress B1001',
  permission: ['Collection.ModifyResource', 'Security.Modify'],
  scopes: [],
  changes: false,
  args: z.object({ id }),
  run: async (given, context) => progressReply(await visible(given.id, context)),
})

export const batchStop = defineCommand({
  name: 'batch-stop',
  usage: '<id>',
  summary: 'Stops a batch; what was done stays done.',
  example: 'batch-stop B1001',
  permission: ['Collection.ModifyResource', 'Security.Modify'],
  scopes: [],
  changes: true,
  args: z.object({ id }),
  async run(given, context) {
    await visible(given.id, context)
    return progressReply(await context.batches.stop(given.id))
  },
})
