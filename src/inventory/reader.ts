import { type Device, type Owner, userOf } from './device.ts'
import type { Fleet } from './fleet.ts'
import { instant } from './instant.ts'
import { unitOf } from './ou.ts'
import type { Reader } from './rule.ts'

type DeviceField = 'connector' | 'type' | 'model' | 'os' | 'state' | 'clientType' | 'clientVersion'
type OwnerField = 'mailbox' | 'name' | 'alias' | 'upn' | 'mail' | 'kind' | 'distinguishedName'

/** From where a reader has what it reads. */
interface Source<S> {
  device(subject: S, field: DeviceField): string | undefined
  owner(subject: S, field: OwnerField): string | undefined
  /** Milliseconds since 1970, 0 where it is not known. */
  lastSync(subject: S): number
}

const msOfDay = 24 * 60 * 60_000

/** Days since 1970, in UTC: ages are told in whole days, so that they change at midnight and in between stand still. */
export const dayOf = (time: number) => Math.floor(time / msOfDay)

function readerOf<S>({ device, owner, lastSync }: Source<S>, today: () => number): Reader<S> {
  /** Units by the part of a name that stands for them; they are few. */
  const units = new Map<string, string>()
  function unit(distinguishedName: string): string {
    const above = distinguishedName.slice(distinguishedName.search(/[^\\],/) + 1)
    const known = units.get(above) ?? unitOf(distinguishedName)
    units.set(above, known)
    return known
  }

  return {
    text: {
      connector: (subject) => device(subject, 'connector'),
      type: (subject) => device(subject, 'type'),
      model: (subject) => device(subject, 'model'),
      os: (subject) => device(subject, 'os'),
      state: (subject) => device(subject, 'state'),
      client: (subject) => device(subject, 'clientType'),
      clientVersion: (subject) => device(subject, 'clientVersion'),
      user: (subject) =>
        userOf({
          alias: owner(subject, 'alias'),
          upn: owner(subject, 'upn'),
          name: owner(subject, 'name') ?? owner(subject, 'mailbox') ?? '',
        }),
      mail: (subject) => owner(subject, 'mail'),
      kind: (subject) => owner(subject, 'kind'),
      ou(subject) {
        const distinguishedName = owner(subject, 'distinguishedName')
        return distinguishedName && unit(distinguishedName)
      },
    },
    days(subject) {
      const last = lastSync(subject)
      return last === 0 ? undefined : today() - dayOf(last)
    },
  }
}

/** Reads a device of the fleet, by its number. */
export const fleetReader = ({ columns, owners, ownerOf }: Fleet, today: () => number): Reader<number> =>
  readerOf(
    {
      device: (n, field) => columns[field].get(n),
      owner: (n, field) => owners.columns[field].get(ownerOf(n)),
      lastSync: columns.lastSync.at,
    },
    today,
  )

/** A device as it is or once was. */
export interface Snapshot {
  readonly device: Device
  readonly owner: Owner
}

export const snapshotReader = (today: () => number): Reader<Snapshot> =>
  readerOf(
    {
      device: ({ device }, field) => device[field],
      owner: ({ owner }, field) => owner[field],
      lastSync: ({ device }) => instant(device.statistics?.lastSync),
    },
    today,
  )
