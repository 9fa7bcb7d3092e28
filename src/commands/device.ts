import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Button, Fact, Moment, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { type Device, type Exemption, exemptionOf, nameOf, type Owner } from '../inventory/device.ts'
import { stateTexts } from '../requests/decide.ts'
import { isWaiting } from '../requests/look.ts'
import { isPending, type Request } from '../requests/request.ts'
import { type Context, defineDeviceCommand } from './command.ts'
import { clientOf, whyOf } from './explain.ts'
import { toneOf } from './replies.ts'

export const device = defineDeviceCommand({
  name: 'device',
  usage: '<ref>',
  summary: 'Shows one device: whose it is, whether it may connect and why, and what can be done.',
  example: 'device adele_iPhone',
  permission: ['Collection.ReadResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({ ref: z.string().min(1).meta({ title: 'Device' }) }),
  async run(device, _, context) {
    context.connectors.refresh(device)
    return deviceReply(device, context)
  },
})

/** A device with all that decides what may be done with it. */
export interface DeviceView {
  readonly device: Device
  readonly owner: Owner
  readonly exemption: Exemption
  /** The open request about it. */
  readonly request: Request | undefined
  /** Whether a wipe may still reach it, asked for here or by somebody else. */
  readonly wipePending: boolean
}

export async function viewDevice(device: Device, { inventory, requests }: Context): Promise<DeviceView> {
  const owner = inventory.owner(device)
  const request = await requests.openFor(device)
  const { wipe = {}, accountWipe = {} } = device.statistics ?? {}
  const wipePending = (request !== undefined && isPending(request)) || isWaiting(wipe) || isWaiting(accountWipe)
  return { device, owner, exemption: exemptionOf(device, owner), request, wipePending }
}

/** Throws WIPE_PENDING when what is wished would keep a wipe from arriving. */
export async function assertNoWipe(device: Device, context: Context): Promise<void> {
  const { owner, wipePending } = await viewDevice(device, context)
  if (wipePending) throw new BotError('WIPE_PENDING', nameOf(device, owner))
}

/** Changes when what was decided about the device changes: a press on an older card does nothing. */
export function versionOf({ device, exemption, request, wipePending }: DeviceView): string {
  const shown = [device.state, device.reason, device.rule, exemption, request?.id, wipePending]
  return createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 8)
}

/** The card of one device, with exactly the buttons that the caller may press. */
export async function deviceReply(device: Device, context: Context, notice?: string): Promise<Reply> {
  const view = await viewDevice(device, context)
  const { owner } = view
  return {
    template: 'device',
    about: { verb: 'device', data: { ref: device.guid } },
    data: {
      name: nameOf(device, owner),
      owner: owner.displayName,
      model: device.model ?? device.type,
      os: device.os ?? 'system not known',
      shortId: context.inventory.shortId(device),
      state: device.state,
      tone: toneOf(device.state),
      why: whyOf(device, owner),
      ...(notice !== undefined && { notice }),
      ...contactOf(device),
      facts: factsOf(view),
    },
    buttons: buttonsOf(view, context),
  }
}

/** When it was last here, or that it never was, and what is known of a wipe. */
function contactOf({ statistics, firstSync }: Device): { times: Moment[]; silent?: string } {
  const { lastSync, lastAttempt, wipe, accountWipe } = statistics ?? {}
  const known = (label: string, at: string | undefined): Moment[] => (at === undefined ? [] : [{ label, at }])
  const wipes = [
    ...known('Wipe asked for', wipe?.requested),
    ...known('Wipe sent', wipe?.sent),
    ...known('Wipe acknowledged', wipe?.acknowledged),
    ...known('Account wipe asked for', accountWipe?.requested),
    ...known('Account wipe sent', accountWipe?.sent),
    ...known('Account wipe acknowledged', accountWipe?.acknowledged),
  ]
  if (lastSync !== undefined) return { times: [...known('Last contact', lastSync), ...wipes] }
  const silent = statistics === undefined ? 'Last contact not read yet' : 'Never synchronized'
  return {
    times: [...known(statistics ? 'Last attempt' : 'First contact', statistics ? lastAttempt : firstSync), ...wipes],
    silent,
  }
}

function factsOf({ device, owner, request }: DeviceView): Fact[] {
  const facts: (Fact | undefined)[] = [
    request && { label: 'Request', value: `${request.id}: ${stateTexts[request.status.state]}`, tone: 'warning' },
    { label: 'Client', value: clientOf(device) },
    hidden('Mailbox', owner.mail ?? owner.upn ?? owner.name),
    owner.kind === 'SharedMailbox' ? { label: 'Mailbox kind', value: 'Shared', tone: 'warning' } : undefined,
    owner.activeSync === false ? { label: 'ActiveSync', value: 'Off for this mailbox', tone: 'warning' } : undefined,
    hidden('Device id', device.deviceId),
    hidden('IMEI', device.imei),
    hidden('Phone number', device.phone),
    hidden('Policy', device.statistics?.policyStatus),
    hidden('User agent', device.userAgent),
    hidden('Connector', device.connector),
  ]
  return facts.filter((fact) => fact !== undefined)
}

const hidden = (label: string, value: string | undefined): Fact | undefined =>
  value === undefined ? undefined : { label, value, private: true }

function buttonsOf(view: DeviceView, context: Context): Button[] {
  const { device, request } = view
  const v = versionOf(view)
  const acts = context.commands.flatMap(({ name, button, permission }): Button[] =>
    button?.offered(view, context) && context.rights.may(device, ...permission)
      ? [
          {
            title: button.title(device),
            verb: name,
            data: { ref: device.guid, v },
            ...(button.style && { style: button.style }),
          },
        ]
      : [],
  )
  return request === undefined
    ? acts
    : [{ title: `Open ${request.id}`, verb: 'request', data: { id: request.id } }, ...acts]
}
