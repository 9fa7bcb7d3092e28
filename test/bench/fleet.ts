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

/** A data folder in which so many devices are stored. */
export async function storedFleet(devices: number) {
  const folder = await temporaryFolder()
  const store = await openFileStore({ folder: folder.path, kind: 'production' })
  const inventory = await createInventory({ store, now: () => new Date() })
  const known = organization(devices)
  const sync = inventory.begin('Contoso')
  await sync.owners(known.owners)
  await sync.devices(known.devices)
  await sync.complete()
  await inventory.settled()
  await store.close()
  return { ...folder, guids: known.devices.slice(0, 10).map(({ guid }) => guid) }
}
