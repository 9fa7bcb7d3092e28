import type { Fact } from '../cards/card.ts'
import type { Device } from '../inventory/device.ts'
import { soldAs } from '../inventory/models.ts'
import type { Context } from './command.ts'

const mostShown = 3

/** What tells the devices of one person apart, and may be read by others as well. */
const lineOf = (device: Device, { inventory }: Context) =>
  [soldAs(device.model ?? device.type), device.os, device.state.toLowerCase(), inventory.shortId(device)]
    .filter(Boolean)
    .join(' · ')

/** Whether two partnerships look like one phone whose mail app was installed anew: the id is new then, and all else is as it was. */
const looksLike = (one: Device, other: Device) =>
  one.type === other.type && one.model === other.model && one.clientType === other.clientType

/**
 * The other devices of the owner of one that waits in quarantine, so that somebody who decides recognizes a phone that was
 * allowed before.
 */
export function earlierFacts(device: Device, context: Context): Fact[] {
  if (device.state !== 'Quarantined') return []
  const { inventory, rights } = context
  const others = inventory
    .devicesOf(inventory.owner(device))
    .filter((other) => other.guid !== device.guid && rights.may(other, 'Collection.ReadResource'))
    .sort((a, b) =>
      (b.statistics?.lastSync ?? b.firstSync ?? '').localeCompare(a.statistics?.lastSync ?? a.firstSync ?? ''),
    )
  const known = others.find((other) => other.state === 'Allowed' && looksLike(other, device))
  const facts: Fact[] = others
    .slice(0, mostShown)
    .map((other) => ({ label: 'Has as well', value: lineOf(other, context) }))
  if (others.length > mostShown) facts.push({ label: 'And', value: `${others.length - mostShown} more` })
  if (others.length === 0) facts.push({ label: 'Has as well', value: 'no other device' })
  return known === undefined
    ? facts
    : [
        {
          label: 'Probably',
          value: `The same phone as ${inventory.shortId(known)}, which is allowed: its mail app was installed anew.`,
          tone: 'accent',
        },
        ...facts,
      ]
}
