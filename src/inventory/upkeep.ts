import type { Device } from './device.ts'
import type { Fleet } from './fleet.ts'

interface Parts {
  readonly fleet: Fleet
  readonly isWipePending: (n: number) => boolean
}

/** Tells which devices of a connector are worth reading again, by walking over columns only. */
export function createUpkeep({ fleet, isWipePending }: Parts) {
  const { columns, owners } = fleet

  return {
    countOf: (connector: string): number => fleet.ofConnector(connector).length,

    /** The devices in one access state, by what they are read by. */
    inState: (connector: string, state: string): Pick<Device, 'connector' | 'guid' | 'mailbox'>[] =>
      fleet
        .ofConnector(connector)
        .filter((n) => columns.state.get(n) === state)
        .map((n) => ({ connector, guid: columns.guid.get(n) ?? '', mailbox: columns.mailbox.get(n) ?? '' })),

    /** The devices that have not acknowledged a wipe. */
    wipePending: (connector: string): Device[] =>
      fleet
        .ofConnector(connector)
        .filter(isWipePending)
        .map(fleet.get)
        .filter((device) => device !== undefined),

    /**
     * Mailboxes whose statistics were read the longest ago, and not since `before`; those of devices with a pending wipe
     * come first.
     */
    leastRead(connector: string, before: Date, most: number): string[] {
      const rankOf = (n: number) => (isWipePending(n) ? -1 : columns.read.at(n))
      let limit = before.getTime()
      let oldest: { readonly rank: number; readonly n: number }[] = []
      const cut = () => {
        oldest = oldest.sort((a, b) => a.rank - b.rank).slice(0, most)
        if (oldest.length === most) limit = oldest.at(-1)?.rank ?? limit
      }
      for (const n of fleet.ofConnector(connector)) {
        const rank = rankOf(n)
        if (rank < limit) oldest.push({ rank, n })
        if (oldest.length >= 2 * most) cut()
      }
      cut()
      return [...new Set(oldest.flatMap(({ n }) => owners.columns.mailbox.get(fleet.ownerOf(n)) ?? []))]
    },
  }
}
