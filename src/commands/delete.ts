import { z } from 'zod'
import { nameOf } from '../inventory/device.ts'
import { defineDeviceCommand, Reason, Ref } from './command.ts'

/** An action about the partnership only: it neither erases anything nor lets the device in. */
export const deleteDevice = defineDeviceCommand({
  name: 'delete',
  usage: '<ref> <reason>',
  summary: 'Deletes a partnership from Exchange; nothing on the phone is erased, and it may connect anew.',
  example: 'delete adele_iPhone given to a colleague',
  permission: ['Collection.DeleteResource'],
  scopes: [],
  changes: true,
  args: z.object({ ref: Ref, reason: Reason }),
  button: { title: () => 'Delete', offered: ({ wipePending }) => !wipePending },
  async run(device, _, { connectors, inventory, requests, signal }) {
    await requests.assertNoWipe(device, signal)
    const name = nameOf(device, inventory.owner(device))
    await connectors.remove(device, signal)
    const text = `The partnership of ${name} is deleted in Exchange. Nothing on the phone is erased; if it still knows the password it connects as a new device.`
    return { template: 'notice', data: { title: 'Deleted', text } }
  },
})
