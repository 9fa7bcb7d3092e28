/**
 * A process of its own that reads an organization over and over into the store of a folder, and says in lines what is durable.
 * Each read finds another operating system on every device, and one device less.
 */

import { createInventory } from '../../src/inventory/inventory.ts'
import { openFileStore } from '../../src/store/files.ts'
import { organization } from './organization.ts'

const [folder = '', devices = '', first = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

const store = await openFileStore({ folder, kind: 'demo' })
const inventory = await createInventory({ store, now: () => new Date() })
const known = organization(Number(devices))
const page = 300

for (let read = Number(first); ; read += 1) {
  const sync = inventory.begin('Contoso')
  await sync.owners(known.owners)
  const found = known.devices.map((device) => ({ ...device, os: `iOS ${read}` })).filter((_, at) => at !== read)
  for (let at = 0; at < found.length; at += page) {
    const some = found.slice(at, at + page)
    await sync.devices(some)
    say(`page ${read} ${some.at(0)?.guid} ${some.at(-1)?.guid}`)
  }
  await sync.complete()
  say(`complete ${read}`)
}
