import { z } from 'zod'
import { type Device, exemptionOf, nameOf } from '../inventory/device.ts'
import { type Context, defineDeviceCommand, Reason } from './command.ts'
import { deviceReply } from './device.ts'

const ref = z.string().min(1).meta({ title: 'Device' })
const exemption = (device: Device, { inventory }: Context) => exemptionOf(device, inventory.owner(device))

/** Writes the personal exemption, and shows the device as Exchange has it then. */
async function exempt(device: Device, wish: 'allowed' | 'blocked' | 'none', said: string, context: Context) {
  await context.connectors.exempt(device, wish, context.signal)
  const now = context.inventory.get(device) ?? device
  return deviceReply(now, context, `${nameOf(now, context.inventory.owner(now))} ${said}`)
}

const about = {
  permission: ['Collection.ModifyResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: true,
} as const

export const allow = defineDeviceCommand({
  ...about,
  name: 'allow',
  usage: '<ref> [reason]',
  summary: 'Allows a device for its mailbox, by a personal exemption.',
  example: 'allow adele_iPhone new phone',
  args: z.object({ ref, reason: Reason.optional() }),
  button: { title: 'Allow', style: 'positive', offered: (device, context) => exemption(device, context) !== 'allowed' },
  run: (device, _, context) =>
    exempt(device, 'allowed', 'is allowed for its mailbox; Exchange applies it at the next contact.', context),
})

export const block = defineDeviceCommand({
  ...about,
  name: 'block',
  usage: '<ref> <reason>',
  summary: 'Blocks a device for its mailbox, by a personal exemption; nothing on it is erased.',
  example: 'block adele_iPhone lost in a taxi',
  args: z.object({ ref, reason: Reason }),
  button: {
    title: 'Block',
    style: 'destructive',
    offered: (device, context) => exemption(device, context) !== 'blocked',
  },
  run: (device, _, context) =>
    exempt(device, 'blocked', 'is blocked for its mailbox; Exchange applies it at the next contact.', context),
})

export const reset = defineDeviceCommand({
  ...about,
  name: 'reset',
  usage: '<ref>',
  summary: "Takes a device off the mailbox's personal exemptions; Exchange's rules decide again.",
  example: 'reset adele_iPhone',
  args: z.object({ ref }),
  button: { title: 'Reset', offered: (device, context) => exemption(device, context) !== 'none' },
  run: (device, _, context) =>
    exempt(device, 'none', 'has no personal exemption any more; Exchange decides at the next contact.', context),
})
