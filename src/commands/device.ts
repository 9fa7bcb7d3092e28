import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Button, Fact, Moment, Reply } from '../cards/card.ts'
import { type Device, exemptionOf, nameOf, type Owner } from '../inventory/device.ts'
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

/** Changes when what was decided about the device changes: a press on an older card does nothing. */
export function versionOf(device: Device, { inventory }: Context): string {
  const shown = [device.state, device.reason, device.rule, exemptionOf(device, inventory.owner(device))]
  return createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 8)
}

/** The card of one device, with exactly the buttons that the caller may press. */
export function deviceReply(device: Device, context: Context, notice?: string): Reply {
  const owner = context.inventory.owner(device)
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
      facts: factsOf(device, owner),
    },
    buttons: buttonsOf(device, context),
  }
}

/** When it was last here, or that it never was. */
function contactOf({ statistics, firstSync }: Device): { times: Moment[]; silent?: string } {
  const { lastSync, lastAttempt } = statistics ?? {}
  if (lastSync !== undefined) return { times: [{ label: 'Last contact', at: lastSync }] }
  if (statistics === undefined)
    return { times: firstSync ? [{ label: 'First contact', at: firstSync }] : [], silent: 'Last contact not read yet' }
  return { times: lastAttempt ? [{ label: 'Last attempt', at: lastAttempt }] : [], silent: 'Never synchronized' }
}

function factsOf(device: Device, owner: Owner): Fact[] {
  const facts: (Fact | undefined)[] = [
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

function buttonsOf(device: Device, context: Context): Button[] {
  const v = versionOf(device, context)
  return context.commands.flatMap(({ name, button, permission }) =>
    button?.offered(device, context) && context.rights.may(device, ...permission)
      ? [
          {
            title: button.title,
            verb: name,
            data: { ref: device.guid, v },
            ...(button.style && { style: button.style }),
          },
        ]
      : [],
  )
}
