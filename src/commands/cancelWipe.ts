import { z } from 'zod'
import { defineDeviceCommand, Reason, Ref } from './command.ts'
import { deviceReply } from './device.ts'

export const cancelWipe = defineDeviceCommand({
  name: 'cancel-wipe',
  usage: '<ref> <reason>',
  summary: 'Cancels a wipe that the device has not acknowledged yet.',
  example: 'cancel-wipe adele_iPhone the phone was found',
  permission: ['Collection.ModifyResource'],
  scopes: [],
  changes: true,
  args: z.object({ ref: Ref, reason: Reason }),
  button: { title: () => 'Cancel wipe', offered: ({ wipePending }) => wipePending },
  async run(device, { reason }, context) {
    const known = await context.requests.cancel(device, context.caller, reason, context.signal)
    return deviceReply(context.inventory.get(device) ?? device, context, known)
  },
})
