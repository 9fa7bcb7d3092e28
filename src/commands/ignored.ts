import type { Fact } from '../cards/card.ts'
import type { DeviceKey } from '../inventory/device.ts'
import type { Context } from './command.ts'
import type { DeviceView } from './device.ts'

/** Devices with an open request, which are shown however long they are silent. */
export const heldDevices = async ({ requests }: Context): Promise<DeviceKey[]> =>
  (await requests.listOpen()).flatMap(({ subject }) => ('guid' in subject ? [subject] : []))

export const ignoredFacts = ({ device, request }: DeviceView, { inventory }: Context): Fact[] =>
  request === undefined && inventory.isIgnored(device)
    ? [{ label: 'Ignored', value: 'Silent for so long that only its name, “find stale:” and reports show it' }]
    : []
