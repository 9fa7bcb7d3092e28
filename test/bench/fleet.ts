import { rmSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInventory } from '../../src/inventory/inventory.ts'
import { openFileStore } from '../../src/store/files.ts'
import { openDatabase } from '../../src/store/postgres/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import type { Store } from '../../src/store/store.ts'
import { organization } from '../inventory/organization.ts'
import { unhurried } from '../store/postgres.ts'

export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** As many devices are made at a time. */
const portion = 20_000

/** A folder as it was made once for each number of devices. */
const made = new Map<number, Promise<{ path: string; guids: string[] }>>()

async function makeFleet(devices: number) {
  const { path } = await temporaryFolder()
  process.once('exit', () => rmSync(path, { recursive: true }))
  return { path, guids: await storeFleet(path, devices) }
}

/** A data folder in which so many devices are stored. */
export async function storedFleet(devices: number) {
  const making = made.get(devices) ?? makeFleet(devices)
  made.set(devices, making)
  const { path, guids } = await making
  const folder = await temporaryFolder()
  await cp(path, folder.path, { recursive: true })
  return { ...folder, guids }
}

/** Stores so many devices in a folder or database; resolves to some of their Guids. */
export async function storeFleet(place: string, devices: number): Promise<string[]> {
  const { inventory, close } = await openFleet(place)
  const sync = inventory.begin('Contoso')
  const guids: string[] = []
  for (let made = 0; made < devices; made += portion) {
    const some = organization(Math.min(portion, devices - made), made + 1)
    await sync.owners(some.owners)
    await sync.devices(some.devices)
    guids.push(...some.devices.slice(0, 10).map(({ guid }) => guid))
  }
  await sync.complete()
  await inventory.settled()
  await close()
  return guids
}

/** Opens a folder, or a database by its address. */
export async function openStore(place: string): Promise<Store> {
  if (!place.startsWith('postgres:')) return openFileStore({ folder: place, kind: 'production' })
  const log = { warn: (about: object) => console.error(about) }
  const database = await openDatabase({ url: place, kind: 'production', log, patience: unhurried })
  return openPostgresStore({ database, log })
}

/** The inventory of a folder or database, as a starting bot reads it. */
export async function openFleet(place: string) {
  const store = await openStore(place)
  const inventory = await createInventory({ store, now: () => new Date() })
  return { store, inventory, close: () => store.close() }
}
