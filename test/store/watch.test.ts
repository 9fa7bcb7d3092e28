import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileStore } from '../../src/store/files.ts'
import type { Store } from '../../src/store/store.ts'
import { watched } from '../../src/store/watch.ts'
import { numbers } from './numbers.ts'

describe('a watched store', () => {
  let folder: string
  let store: Store
  /** What hears of other processes. */
  let others: ((id: string | undefined) => void)[]
  let told: string[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'device-desk-'))
    others = []
    told = []
    const files = await openFileStore({ folder, kind: 'demo' })
    const shared: Store = {
      ...files,
      open: async (definition) => ({ ...(await files.open(definition)), follow: (one) => void others.push(one) }),
    }
    store = watched(shared, (name) => told.push(name))
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  it('says where there is something else, once it is stored, and nothing where there is not', async () => {
    const documents = await store.open(numbers)
    const document = { n: 1, text: '' }
    const written = [
      documents.put('a', document),
      documents.update('b', () => document),
      documents.delete('c'),
      store.append('diary', () => ({ part: '1', text: 'line' })),
    ]
    assert.deepEqual(told, [])
    await Promise.all(written)
    assert.deepEqual(told.sort(), ['diary', numbers.name, numbers.name, numbers.name])
    told = []
    assert.deepEqual(await documents.update('b', (old) => old), document)
    assert.deepEqual([await documents.get('a'), await documents.list()], [document, [document, document]])
    await assert.rejects(
      documents.update('a', () => {
        throw new Error('no')
      }),
    )
    assert.deepEqual(told, [])
  })

  it('says what other processes change, to whoever else follows too', async () => {
    const documents = await store.open(numbers)
    const heard: (string | undefined)[] = []
    documents.follow((id) => heard.push(id))
    for (const one of others) one('a')
    assert.deepEqual([told, heard], [[numbers.name], ['a']])
  })
})
