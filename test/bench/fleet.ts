import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInventory } from '../../src/inventory/inventory.ts'
import { openFileStore } from '../../src/store/files.ts'
import { organization } from '../inventory/organization.ts'

export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** As many devices are made at a time. */
const portion = 20_000

/** A data folder in which so many devices are stored. */
export async function storedFleet(devices: number) {
  const folder = await temporaryFolder()
  const { inventory, close } = await openFleet(folder.path)
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
  return { ...folder, guids }
}

/** The inventory of a data folder, as a starting bot reads it. */
export async function openFleet(folder: string) {
  const store = await openFileStore({ folder, kind: 'production' })
  const inventory = await createInventory({ store, now: () => new Date() })
  return { store, inventory, close: () => store.close() }
}
