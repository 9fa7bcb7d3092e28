import type { Store } from '../store/store.ts'
import { type Device, type DeviceKey, nameOf, type Owner } from './device.ts'

export const allDevices = 'All Mobile Devices'
export interface Query {
  text?: string | undefined
  state?: string | undefined
  connector?: string | undefined
  os?: string | undefined
  stale?: number | undefined
  page?: number | undefined
}
export type Visible = readonly string[]
const key = ({ connector, guid }: DeviceKey) => `${connector}/${guid}`
const okey = (connector: string, mailbox: string) => `${connector}/${mailbox}`
export type Inventory = Awaited<ReturnType<typeof createInventory>>
export async function createInventory({ now }: { store: Store; now: () => Date }) {
  const devices = new Map<string, Device>()
  const owners = new Map<string, Owner>()
  const read = new Map<string, Date>()
  const owner = (device: Device): Owner =>
    owners.get(okey(device.connector, device.mailbox)) ?? {
      connector: device.connector,
      mailbox: device.mailbox,
      name: device.mailbox,
      displayName: device.mailbox,
    }
  const sees = (visible: Visible) => visible.includes(allDevices)
  const text = (d: Device) => {
    const o = owner(d)
    return [nameOf(d, o), o.displayName, o.mail, o.upn, d.model, d.os, d.deviceId, d.guid, d.imei, d.type]
      .join(' ')
      .toLowerCase()
  }
  const all = (visible: Visible) => (sees(visible) ? [...devices.values()] : [])
  const defs = new Map<
    string,
    { name: string; parent: string | undefined; rule: string; approvals?: number | undefined }
  >()
  defs.set(allDevices, { name: allDevices, parent: undefined, rule: '' })
  const within = (a: string, b: string): boolean =>
    a === b || (defs.get(a)?.parent !== undefined && within(defs.get(a)?.parent ?? '', b))
  const collections = {
    list: () => [...defs.values()],
    get: (n: string) => [...defs.values()].find((d) => d.name.toLowerCase() === n.toLowerCase()),
    check: (_: { rule: string }) => {},
    within,
    fieldsOf: (_: string): string[] => [],
    of: (_: Device) => [allDevices],
    async put(d: { name: string; parent: string | undefined; rule: string; approvals?: number | undefined }) {
      defs.set(d.name, d)
    },
    async remove(n: string) {
      defs.delete(n)
    },
  }
  return {
    collections,
    person: (id: string) => [...owners.values()].find((o) => o.entraId === id),
    size: () => devices.size,
    owner,
    get: (k: DeviceKey) => devices.get(key(k)),
    devicesOf: (o: Owner) =>
      [...devices.values()].filter((d) => d.connector === o.connector && d.mailbox === o.mailbox),
    partnerships: (id: string) => [...devices.values()].filter((d) => d.deviceId === id),
    shortId: (d: Device) => d.guid.slice(0, 8),
    resolve(ref: string, visible: Visible) {
      const r = ref.toLowerCase()
      for (const match of [
        (d: Device) => d.guid === r,
        (d: Device) => d.guid.slice(0, 8) === r,
        (d: Device) => d.deviceId.toLowerCase() === r,
        (d: Device) => nameOf(d, owner(d)).toLowerCase() === r,
        (d: Device) => [owner(d).mail, owner(d).upn, owner(d).displayName].some((x) => x?.toLowerCase() === r),
      ]) {
        const found = all(visible).filter(match)
        if (found.length) return { devices: found.slice(0, 25), more: Math.max(0, found.length - 25) }
      }
      return { devices: [], more: 0 }
    },
    find(q: Query, visible: Visible) {
      const words = (q.text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
      const rows = all(visible).filter(
        (d) =>
          words.every((w) => text(d).includes(w)) &&
          (!q.state || d.state.toLowerCase().startsWith(q.state.toLowerCase())) &&
          (!q.os || d.os?.toLowerCase().startsWith(q.os.toLowerCase())),
      )
      const page = q.page ?? 1
      return {
        total: rows.length,
        rows: rows.slice((page - 1) * 10, page * 10),
        page,
        pages: Math.max(1, Math.ceil(rows.length / 10)),
      }
    },
    people: (t: string, visible: Visible) =>
      sees(visible)
        ? [...owners.values()].filter((o) =>
            [o.displayName, o.mail, o.upn, o.alias].some((x) => x?.toLowerCase().startsWith(t.toLowerCase())),
          )
        : [],
    suggest: (_: string, _v: Visible): string[] => [],
    counts(visible: Visible) {
      const c: Record<string, number> = {}
      for (const d of all(visible)) c[d.state] = (c[d.state] ?? 0) + 1
      return c
    },
    contains: (collection: string, _: Device) => collection === allDevices,
    age: (connector: string) => read.get(connector),
    async put(d: Device) {
      devices.set(key(d), d)
    },
    async putOwner(o: Owner) {
      owners.set(okey(o.connector, o.mailbox), o)
    },
    async remove(k: DeviceKey) {
      devices.delete(key(k))
    },
    begin(connector: string) {
      const seen = new Set<string>()
      return {
        async devices(page: readonly Device[]) {
          for (const d of page) {
            seen.add(key(d))
            const s = devices.get(key(d))?.statistics
            devices.set(key(d), s ? { ...d, statistics: s } : d)
          }
        },
        async owners(page: readonly Owner[]) {
          for (const o of page) owners.set(okey(o.connector, o.mailbox), o)
        },
        async complete() {
          for (const [k, d] of devices) if (d.connector === connector && !seen.has(k)) devices.delete(k)
          read.set(connector, now())
        },
        async abandon() {},
      }
    },
  }
}
