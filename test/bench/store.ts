import { open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { createAudit } from '../../src/audit/audit.ts'
import type { AuditEntry } from '../../src/audit/chain.ts'
import { openFileStore } from '../../src/store/files.ts'
import { alternate, atMost, type Bench, timed } from './bench.ts'
import { openFleet, storedFleet, temporaryFolder } from './fleet.ts'

export const kilobyte = 'x'.repeat(1000)

/** Milliseconds that one of many takes. */
export const each = async (times: number, work: (time: number) => Promise<unknown>) =>
  (await timed(async () => {
    for (let time = 0; time < times; time += 1) await work(time)
  })) / times

/** One durable update of a document, beside what makes a file of that size durable at all. */
async function updates(times: number) {
  const folder = await temporaryFolder()
  const store = await openFileStore({ folder: folder.path, kind: 'production' })
  const schema = z.object({ n: z.number(), text: z.string() })
  const documents = await store.open({ name: 'bench', schema, version: 1 })
  const path = join(folder.path, 'baseline.json')
  const handle = await open(folder.path)
  return {
    ours: () => each(times, () => documents.update('a', (old) => ({ n: (old?.n ?? 0) + 1, text: kilobyte }))),
    baseline: () =>
      each(times, async (n) => {
        await writeFile(`${path}.tmp`, JSON.stringify({ n, text: kilobyte }), { flush: true })
        await rename(`${path}.tmp`, path)
        await handle.sync()
      }),
    async [Symbol.asyncDispose]() {
      await handle.close()
      await store.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** What one device has newly become is kept, in a fleet of so many. */
async function changes(devices: number, times: number) {
  const folder = await storedFleet(devices)
  const { inventory, close } = await openFleet(folder.path)
  const [device] = inventory.devices(['All Mobile Devices'])
  if (device === undefined) throw new Error('no device')
  let count = 0
  return {
    work: () =>
      each(times, () => {
        count += 1
        return inventory.put({ ...device, os: `iOS 26.${count}` })
      }),
    async [Symbol.asyncDispose]() {
      await inventory.settled()
      await close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export const commit: Bench = {
  name: 'commit',
  async run(plan) {
    const times = plan.sized(200)
    await using one = await updates(times)
    const update = await alternate(plan, one.ours, one.baseline)
    await using many = await changes(plan.sized(100_000), times)
    await using few = await changes(plan.sized(1000), times)
    const change = await alternate(plan, many.work, few.work)
    return [
      { name: 'commit: durable update of 1 KB', ...update, unit: 'ms', target: atMost(3) },
      { name: 'commit: a device of 100,000, beside one of 1,000', ...change, unit: 'ms', target: atMost(1.2) },
    ]
  },
}

const writers = 16
export const entry: AuditEntry = {
  who: { tenant: 'b3f1c6a2-9d54-4e8b-8f07-1c2d3e4f5a60', id: '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d' },
  activity: 'n2Yx0QmVd1c8bWJ4a7T9fA',
  command: 'block',
  target: 'Contoso/7aec3bc7-5b1c-4a5e-9c0f-2f4f6c1d0e55',
  outcome: 'done',
  reason: 'left in a taxi in Rome',
}

/** Records under many writers, beside a file to which groups of as many lines are appended and made durable. */
export const chain: Bench = {
  name: 'chain',
  async run(plan) {
    const records = Math.ceil(plan.sized(10_000) / writers) * writers
    await using folder = await temporaryFolder()
    const store = await openFileStore({ folder: folder.path, kind: 'production' })
    const audit = await createAudit({ store, now: Date.now })
    const like = await audit.record(entry)
    const group = `${JSON.stringify(like)}\n`.repeat(writers)
    const handle = await open(join(folder.path, 'baseline.jsonl'), 'a')
    const compared = await alternate(
      plan,
      () =>
        timed(() =>
          Promise.all(
            Array.from({ length: writers }, async () => {
              for (let n = 0; n < records / writers; n += 1) await audit.record(entry)
            }),
          ),
        ),
      () =>
        timed(async () => {
          for (let n = 0; n < records / writers; n += 1) {
            await handle.write(group)
            await handle.datasync()
          }
        }),
    )
    await handle.close()
    await store.close()
    return [{ name: `chain: ${records} records of ${writers} writers`, ...compared, unit: 'ms', target: atMost(1.5) }]
  },
}
