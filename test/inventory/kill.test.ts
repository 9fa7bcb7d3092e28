import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { allDevices } from '../../src/inventory/collections.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { openFileStore } from '../../src/store/files.ts'
import { organization } from './organization.ts'

const size = 1200
const all = organization(size).devices.map(({ guid }) => guid)

/** Reads again and again from this read on, until it has said so many lines and is killed; gives what it has said. */
async function readUntilKilled(folder: string, first: number, lines: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'syncing.ts')
  const child = spawn(process.execPath, [script, folder, String(size), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  const [, signal] = await ended
  assert.equal(signal, 'SIGKILL')
  return said
}

describe('inventory: kill -9 while an organization is read', () => {
  it('loses nothing that was there before, and takes nothing for gone that the read had not come to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inventory-'))
    /** The read in which each device was last durable. */
    const durable = new Map<string, number>()
    let read = 0
    for (const lines of [6, 2, 9, 4]) {
      for (const line of await readUntilKilled(folder, read, lines)) {
        const [what, number, from = '', to = ''] = line.split(' ')
        if (what === 'complete') read = Number(number) + 1
        else for (const guid of all.slice(all.indexOf(from), all.indexOf(to) + 1)) durable.set(guid, Number(number))
      }
      const store = await openFileStore({ folder, kind: 'demo' })
      const inventory = await createInventory({ store, now: () => new Date() })
      const os = new Map([...inventory.devices([allDevices])].map((device) => [device.guid, device.os ?? '']))
      for (const [at, guid] of all.entries()) {
        const isLeftOut = at === read - 1 || at === read
        const [, found = '-1'] = os.get(guid)?.split(' ') ?? []
        if (!isLeftOut && durable.has(guid)) assert.ok(Number(found) >= (durable.get(guid) ?? 0), `${guid} in ${found}`)
      }
      await inventory.settled()
      await store.close()
    }
    await rm(folder, { recursive: true })
  }).timeout(60_000)
})
