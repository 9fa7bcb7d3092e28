import type { Fact } from '../cards/card.ts'
import { transferAdvice } from '../inventory/changes.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import type { Context } from './command.ts'

const mostShown = 3

/** The same phone with other mailboxes, of those that the caller may see, and what is to be done when it was handed on. */
export function sharedFacts({ connector, mailbox, deviceId }: Device, { inventory, rights }: Context): Fact[] {
  const others = inventory
    .partnerships(deviceId)
    .filter((one) => one.connector !== connector || one.mailbox !== mailbox)
    .filter((one) => rights.may(one, 'Collection.ReadResource'))
    .map((one) => `${nameOf(one, inventory.owner(one))} (${inventory.shortId(one)})`)
  if (others.length === 0) return []
  const named = [...others.slice(0, mostShown), ...(others.length > mostShown ? ['others'] : [])].join(', ')
  return [{ label: 'Transferred or shared', value: `In use as ${named} as well. ${transferAdvice}`, tone: 'warning' }]
}
