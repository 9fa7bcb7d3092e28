import { z } from 'zod'
import type { Button, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { allDevices } from '../inventory/collections.ts'
import { permissionOf } from '../requests/people.ts'
import { isWipe, type Request } from '../requests/request.ts'
import { stateTexts, titleOf } from '../requests/texts.ts'
import { type Context, defineCommand, Reason } from './command.ts'
import { rowOf } from './replies.ts'
import { requestReply } from './requestCard.ts'

const id = z
  .string()
  .trim()
  .regex(/^r\d+$/i, 'looks like R1042')
  .toUpperCase()
  .meta({ title: 'Request' })
const v = z.coerce.number().int().optional()

const reading = {
  permission: [
    'Collection.ReadResource',
    'Security.Read',
    'Security.Modify',
    'Site.Modify',
    'Site.ModifyConnectorPolicy',
  ],
  changes: false,
} as const
const deciding = {
  permission: [
    'Collection.DeleteResource',
    'Security.Modify',
    'Site.Modify',
    'Site.ModifyConnectorPolicy',
    'Collection.ModifyResource',
  ],
  scopes: [],
} as const

/** Whether somebody may know of a request: their own, a device that they see, or rights where they look after rights. */
export function sees(request: Request, { caller, inventory, rights }: Context): boolean {
  if (request.requester.id === caller.id) return true
  if (!isWipe(request)) return rights.holds('Security.Read', 'Security.Modify', permissionOf(request.subject))
  const device = inventory.get(request.subject)
  return device === undefined
    ? rights.reach('Collection.ReadResource').includes(allDevices)
    : rights.may(device, 'Collection.ReadResource', 'Collection.DeleteResource')
}

/** A request that one may not see does not exist. */
async function visible(id: string, context: Context): Promise<Request> {
  const request = await context.requests.get(id)
  if (!sees(request, context)) throw new BotError('REQUEST_UNKNOWN', id)
  return request
}

const noneTexts = {
  mine: 'You have asked for nothing',
  open: 'No request is open',
  all: 'There are no requests',
} as const

export const requests = defineCommand({
  ...reading,
  name: 'requests',
  usage: '[which]',
  summary: 'Lists requests: those you asked for, those still open, or all that you may see.',
  example: 'requests open',
  scopes: ['personal', 'groupChat', 'channel'],
  args: z.object({
    which: z.enum(['mine', 'open', 'all']).default('open').meta({ title: 'Which' }),
    rows: z.coerce.number().int().min(1).max(100).default(10),
  }),
  async run({ which, rows }, context) {
    const { requests: room, caller } = context
    const found =
      which === 'mine' ? await room.requestedBy(caller.id) : which === 'open' ? await room.listOpen() : await room.all()
    const newest = found.filter((request) => sees(request, context)).sort((a, b) => b.asked.localeCompare(a.asked))
    return {
      template: 'choose',
      data: {
        title: newest.length === 0 ? noneTexts[which] : newest.length === 1 ? '1 request' : `${newest.length} requests`,
        text: newest.length > rows ? `The newest ${rows} are shown.` : '',
        rows: newest.slice(0, rows).map((request) => ({
          press: { id: request.id },
          name: `${request.id} · ${titleOf(request)}`,
          detail: `${stateTexts[request.status.state]} · asked by ${request.requester.name}`,
        })),
        verb: 'request',
      },
    }
  },
})

export const request = defineCommand({
  ...reading,
  name: 'request',
  usage: '<id>',
  summary: 'Shows one request: what it would do, who asked, where it stands, and what you may do with it.',
  example: 'request R1042',
  scopes: ['groupChat', 'channel'],
  args: z.object({ id }),
  run: async (given, context) => requestReply(await visible(given.id, context), context),
})

const pageSize = 10

export const requestDevices = defineCommand({
  ...reading,
  name: 'request-devices',
  usage: '<id> [page:]',
  summary: 'Lists the devices that a request would block, as far as you may see them.',
  example: 'request-devices R1042',
  scopes: [],
  args: z.object({ id, page: z.coerce.number().int().min(1).default(1) }),
  async run({ id: wanted, page }, context) {
    const { subject } = await visible(wanted, context)
    const keys = subject.kind === 'change' ? (subject.devices ?? []) : []
    const found = keys
      .flatMap((key) => context.inventory.get(key) ?? [])
      .filter((device) => context.rights.may(device, 'Collection.ReadResource'))
    const to = (title: string, other: number): Button => ({
      title,
      verb: 'request-devices',
      data: { id: wanted, page: other },
    })
    return {
      template: 'devices',
      data: {
        title: `${wanted}: ${keys.length} devices`,
        text:
          found.length < keys.length ? `You may see ${found.length} of them; the others are gone or not yours.` : '',
        rows: found.slice((page - 1) * pageSize, page * pageSize).map((device) => rowOf(device, context)),
        verb: 'device',
      },
      buttons: [
        { title: 'Request', verb: 'request', data: { id: wanted } },
        ...(page > 1 ? [to('Back', page - 1)] : []),
        ...(page * pageSize < found.length ? [to('More', page + 1)] : []),
      ],
    }
  },
})

export const withdraw = defineCommand({
  ...reading,
  name: 'withdraw',
  usage: '<id>',
  summary: 'Takes back a request of your own.',
  example: 'withdraw R1042',
  scopes: [],
  changes: true,
  args: z.object({ id, v }),
  async run(given, context) {
    await visible(given.id, context)
    return requestReply(await context.requests.withdraw(given.id, context.caller), context)
  },
})

export const approve = defineCommand({
  ...deciding,
  name: 'approve',
  usage: '<id>',
  summary: 'Shows a request for you to approve; a press on its card decides.',
  example: 'approve R1042',
  changes: (values) => values.v !== undefined,
  args: z.object({ id, v }),
  async run(given, context) {
    const seen = await visible(given.id, context)
    if (given.v === undefined) return requestReply(seen, context)
    return decided(given.id, context, () => context.requests.approve(seen.id, context.caller, given.v ?? 0))
  },
})

export const deny = defineCommand({
  ...deciding,
  name: 'deny',
  usage: '<id> <reason>',
  summary: 'Denies a request, with a reason; that ends it.',
  example: 'deny R1042 the phone was found',
  changes: true,
  args: z.object({ id, v, reason: Reason }),
  async run(given, context) {
    const seen = await visible(given.id, context)
    return decided(given.id, context, () => context.requests.deny(seen.id, context.caller, given.reason))
  },
})

/** The card as it is after a decision, or with the reason why there was none. */
async function decided(id: string, context: Context, decide: () => Promise<Request>): Promise<Reply> {
  try {
    return await requestReply(await decide(), context)
  } catch (error) {
    if (!(error instanceof BotError)) throw error
    const reply = await requestReply(await visible(id, context), context, error.message)
    return { ...reply, undone: true, record: error.code }
  }
}
