import type { Device, WipeTimes } from './device.ts'
import { instant } from './instant.ts'
import { dayOf } from './reader.ts'

/** What the connector's settings say of devices. */
export interface Limits {
  /** A device without a sync for more days than this is ignored. */
  readonly inactiveDays?: number | undefined
  /** The oldest version that is welcome, by how the operating system's name begins: `{ iOS: '16.4' }`. */
  readonly minimumOs?: Readonly<Record<string, string>> | undefined
}

/** Whether a wipe was asked for that the device has not acknowledged. */
export const isPending = (requested: number, acknowledged: number) => requested !== 0 && acknowledged < requested

const isWipePending = (times: WipeTimes | undefined) =>
  isPending(instant(times?.requested), instant(times?.acknowledged))

/** Whether the last sync was too many days ago; one that is not known was not. */
export const isLongAgo = (lastSync: number, { inactiveDays }: Limits, today: number) =>
  inactiveDays !== undefined && lastSync !== 0 && today - dayOf(lastSync) > inactiveDays

export const isInactive = ({ statistics }: Device, limits: Limits, today: number) =>
  isLongAgo(instant(statistics?.lastSync), limits, today) &&
  !isWipePending(statistics?.wipe) &&
  !isWipePending(statistics?.accountWipe)
