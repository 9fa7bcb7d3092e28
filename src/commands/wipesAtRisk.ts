import type { Fact } from '../cards/card.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import { isPending, isWipe } from '../requests/request.ts'
import { isExpected } from '../requests/track.ts'
import type { Context } from './command.ts'

export const atRisk = 'Wipes at risk'

const mostNamed = 5

/**
 * What a preview says of the wipes under way that a change may keep from arriving: how many there are, and which, as far as
 * the asker may see their devices.
 */
export async function wipesAtRisk(
  connector: string,
  isShutOut: (device: Device) => boolean,
  { inventory, requests, rights, now }: Context,
): Promise<{ readonly warnings: readonly string[]; readonly facts: readonly Fact[] }> {
  const asked = (await requests.listOpen()).filter(isWipe).filter(isPending)
  const ordered = inventory
    .wipePending(connector)
    .filter(({ statistics }) =>
      [statistics?.wipe, statistics?.accountWipe].some((one) => one && isExpected(one, now())),
    )
  const devices = [...ordered, ...asked.flatMap(({ subject }) => inventory.get(subject) ?? [])]
  const found = new Map(devices.filter((one) => one.connector === connector).map((device) => [device.guid, device]))
  const shutOut = [...found.values()].filter(isShutOut)
  if (shutOut.length === 0) return { warnings: [], facts: [] }
  const named = shutOut
    .filter((device) => rights.may(device, 'Collection.ReadResource'))
    .slice(0, mostNamed)
    .map((device) => `${nameOf(device, inventory.owner(device))} (${inventory.shortId(device)})`)
  const more = shutOut.length - named.length
  const [what, end] =
    shutOut.length === 1
      ? ['A wipe that is under way may', 'its device acknowledges it']
      : [`${shutOut.length} wipes that are under way may`, 'their devices acknowledge them']
  return {
    warnings: [`${what} not arrive after this: wait until ${end}, or cancel first.`],
    facts: [
      {
        label: atRisk,
        value: [...named, ...(more > 0 ? [`${more} more`] : [])].join(', '),
        tone: 'attention' as const,
      },
    ],
  }
}
