import { z } from 'zod'
import { type Device, type Exemption, nameOf } from '../inventory/device.ts'
import { type Context, defineDeviceCommand, Reason, Ref } from './command.ts'
import { type DeviceView, deviceReply } from './device.ts'

/** Writes the personal exemption, and shows the device as Exchange has it then. */
async function exempt(device: Device, wish: Exemption, said: string, context: Context) {
  if (wish !== 'allowed') await context.requests.assertNoWipe(device, context.signal)
  await context.connectors.exempt(device, wish, context.signal)
  const now = context.inventory.get(device) ?? device
  return deviceReply(now, context, `${nameOf(now, context.inventory.owner(now))} ${said}`)
}

const about = {
  permission: ['Collection.ModifyResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: true,
} as const

/** Intune and Conditional Access decide about these; an exemption would change nothing. */
const isExternal = ({ device }: DeviceView) => device.reason?.startsWith('External') === true

export const allow = defineDeviceCommand({
  ...about,
  name: 'allow',
  usage: '<ref> [reason]',
  summary: 'Allows a device for its mailbox, by a personal exemption.',
  example: 'allow adele_iPhone new phone',
  args: z.object({ ref: Ref, reason: Reason.optional() }),
  button: {
    title: () => 'Allow',
    style: 'positive',
    offered: (view) =>
      !isExternal(view) &&
      (view.exemption === 'blocked' || (view.device.state !== 'Allowed' && view.exemption === 'none')),
  },
  run: (device, _, context) =>
    exempt(device, 'allowed', 'is allowed for its mailbox; Exchange applies it at the next contact.', context),
})

export const block = defineDeviceCommand({
  ...about,
  name: 'block',
  usage: '<ref> <reason>',
  summary: 'Blocks a device for its mailbox, by a personal exemption; nothing on it is erased.',
  example: 'block adele_iPhone lost in a taxi',
  args: z.object({ ref: Ref, reason: Reason }),
  button: {
    title: () => 'Block',
    offered: ({ exemption, wipePending }) => exemption !== 'blocked' && !wipePending,
  },
  run: (device, _, context) =>
    exempt(device, 'blocked', 'is blocked for its mailbox; Exchange applies it at the next contact.', context),
})

export const reset = defineDeviceCommand({
  ...about,
  name: 'reset',
  usage: '<ref>',
  scopes: [],
  summary: "Takes a device off the mailbox's personal exemptions; Exchange's rules decide again.",
  example: 'reset adele_iPhone',
  args: z.object({ ref: Ref }),
  button: { title: () => 'Reset', offered: ({ exemption, wipePending }) => exemption !== 'none' && !wipePending },
  run: (device, _, context) =>
    exempt(device, 'none', 'has no personal exemption any more; Exchange decides at the next contact.', context),
})
