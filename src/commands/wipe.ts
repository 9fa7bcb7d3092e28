import { z } from 'zod'
import type { Button, Fact, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import type { Device } from '../inventory/device.ts'
import type { Preview } from '../requests/asking.ts'
import { isOutlook, takesAccountWipe } from '../requests/consequence.ts'
import type { Kind } from '../requests/request.ts'
import { effectTexts, wipeTitle } from '../requests/texts.ts'
import { type Context, defineDeviceCommand, Reason, Ref, type Values } from './command.ts'
import type { DeviceView } from './device.ts'
import { askedReply } from './requestCard.ts'

const args = z.object({
  ref: Ref,
  ticket: z.string().trim().max(64).optional().meta({ title: 'Ticket' }),
  reason: Reason,
  /** The digest of the consequence that was shown: what is confirmed is that and nothing else. */
  confirm: z.string().optional(),
  shortId: z.string().trim().toLowerCase().optional(),
})

type WipeArgs = z.output<typeof args>

const about = {
  usage: '<ref> [ticket:] <reason>',
  permission: ['Collection.ModifyResource', 'Collection.DeleteResource'],
  scopes: ['personal'],
  /** The first card only shows what would happen. */
  changes: (values: Values) => values.confirm !== undefined,
  alsoAsked: ({ settings }: Context) => (settings.TICKET_PATTERN === undefined ? [] : ['ticket']),
  args,
} as const

function assertTicket(ticket: string | undefined, { settings }: Context): void {
  if (settings.TICKET_PATTERN !== undefined && !settings.TICKET_PATTERN.test(ticket ?? ''))
    throw new BotError(
      'COMMAND_ARGUMENT',
      `A wipe needs a ticket number that matches ${settings.TICKET_PATTERN.source}, for example “wipe adele_iPhone ticket:INC000123 stolen in Rome”.`,
    )
}

/** First shows what would happen to this device with this client; a press on that card, confirmed, asks for it. */
async function run(kind: Kind, device: Device, given: WipeArgs, context: Context): Promise<Reply> {
  assertTicket(given.ticket, context)
  const seen = await context.requests.preview(device, kind, context.caller, context.signal)
  if (given.confirm === undefined) return consequenceReply(seen, given)
  if (given.confirm !== seen.digest)
    return {
      ...consequenceReply(seen, given, 'This has changed since you looked, so nothing was asked for yet.'),
      undone: true,
    }
  if (seen.wipe.effect === 'phone' && given.shortId !== seen.wipe.shortId.toLowerCase())
    return {
      ...consequenceReply(seen, given, `Type ${seen.wipe.shortId} to confirm that the whole phone is erased.`),
      undone: true,
    }
  return askedReply(await context.requests.askWipe(seen, context.caller, given.reason, given.ticket), context)
}

function consequenceReply({ wipe, digest, needed }: Preview, given: WipeArgs, notice?: string): Reply {
  const { kind, effect, shortId, owners, what, guid, obstacles, lastSync } = wipe
  const { reason, ticket } = given
  const facts: Fact[] = [
    { label: 'Owner', value: owners.map((owner) => owner.name).join(', ') },
    { label: 'Device', value: `${what} · ${shortId}` },
    { label: 'Reason', value: reason, private: true },
    {
      label: 'Approvals',
      value: needed === 0 ? 'None needed here: you confirm alone, and the record says so' : `${needed} needed`,
    },
  ]
  const ask: Button = {
    title: needed === 0 ? wipeTitle(wipe) : 'Ask for approval',
    verb: kind,
    data: { ref: guid, reason, ...(ticket && { ticket }), confirm: digest },
    style: 'destructive',
  }
  return {
    template: 'consequence',
    data: {
      title: `${wipeTitle(wipe)}?`,
      text: effectTexts[effect],
      tone: effect === 'phone' ? 'attention' : 'warning',
      ...(notice && { notice }),
      warnings: obstacles.map((text) => ({ text })),
      facts,
      times: lastSync ? [{ label: 'Last contact', at: lastSync }] : [],
      ...(effect === 'phone' && { confirm: shortId }),
    },
    buttons: [ask, { title: 'Back', verb: 'device', data: { ref: guid }, leaves: true }],
  }
}

const offered =
  (kind: Kind) =>
  ({ device, request, wipePending }: DeviceView, { connectors }: Context) =>
    request === undefined &&
    !wipePending &&
    (kind === 'wipe' || takesAccountWipe(device, connectors.canWipeAccount(device.connector)))

export const wipe = defineDeviceCommand({
  ...about,
  name: 'wipe',
  summary: 'Asks to wipe a device: with the mail app of the phone, everything on it is erased.',
  example: 'wipe adele_iPhone stolen in Rome',
  button: {
    title: (device) => (isOutlook(device) ? 'Wipe app data' : 'Wipe phone'),
    style: 'destructive',
    offered: offered('wipe'),
  },
  run: (device, given, context) => run('wipe', device, given, context),
})

export const wipeAccount = defineDeviceCommand({
  ...about,
  name: 'wipe-account',
  scopes: [],
  summary: 'Asks to wipe only the data of the mail account; what is private stays on the phone.',
  example: 'wipe-account adele_iPhone left the company',
  button: { title: () => 'Wipe account data', style: 'destructive', offered: offered('wipe-account') },
  run: (device, given, context) => run('wipe-account', device, given, context),
})
