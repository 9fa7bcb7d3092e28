import { organization } from '../inventory/organization.ts'
import type { Notifier } from './teams.ts'

const each = 3
const rounds = 10
const { owners, devices } = organization(each * rounds * 2)

/** The names of the people whose phones a round is about. */
export const ownersOf = (round: number) => owners.slice(round * each, (round + 1) * each).map(({ alias = '' }) => alias)

/** Reads an organization in which the phones of all rounds up to this one are blocked, each of them somebody else's. */
export async function readPhones({ inventory }: Pick<Notifier, 'inventory'>, round: number): Promise<void> {
  const sync = inventory.begin('Contoso')
  await sync.owners(owners)
  await sync.devices(
    devices.slice(0, each * rounds).map((device, n) => ({
      ...device,
      mailbox: owners[n]?.mailbox ?? '',
      state: n < (round + 1) * each ? 'Blocked' : 'Allowed',
    })),
  )
  await sync.complete()
  await inventory.settled()
}
