import assert from 'node:assert/strict'
import fc from 'fast-check'
import { z } from 'zod'
import { isBotError } from '../../src/errors.ts'
import type { Collection, Definition, LogLine, Store } from '../../src/store/store.ts'

/** An empty place for one test, in which a store is opened, closed and opened again. */
export type Place = () => Promise<Store>

const PhoneSchema = z.object({
  owner: z.string(),
  count: z.int(),
  tags: z.array(z.string()).optional(),
  more: z.object({ note: z.string() }).optional(),
})
type Phone = z.infer<typeof PhoneSchema>

const phones: Definition<Phone> = {
  name: 'phones',
  schema: PhoneSchema,
  version: 1,
  indexes: { owner: (phone) => phone.owner, tag: (phone) => phone.tags },
}
const strangeIds = [
  'a',
  'A',
  'Contoso/ünï§code\\..',
  '../../etc/passwd',
  'con',
  '',
  ' ',
  'x'.repeat(300),
  `${'x'.repeat(299)}y`,
  '電話',
]

const inPart = (part: string, text: string) => (): LogLine => ({ part, text })

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** What every backend of the store does; `prepare` makes an empty place and cleans up after the test. */
export function behavesLikeAStore(prepare: () => Promise<{ open: Place; clear(): Promise<void> }>) {
  let place: Awaited<ReturnType<typeof prepare>>
  let store: Store

  const reopen = async () => {
    await store.close()
    store = await place.open()
  }

  beforeEach(async () => {
    place = await prepare()
    store = await place.open()
  })
  afterEach(async () => {
    await store.close()
    await place.clear()
  })

  for (const kept of ['resident', 'not resident', 'not resident and without an index']) {
    describe(`documents, ${kept}`, () => {
      const { indexes, ...plain } = phones
      const definition: Definition<Phone> = {
        ...plain,
        ...(kept === 'resident' ? {} : { resident: false }),
        ...(kept.endsWith('index') ? {} : { indexes }),
      }
      let collection: Collection<Phone>

      const again = async () => {
        await reopen()
        collection = await store.open(definition)
      }
      beforeEach(async () => {
        collection = await store.open(definition)
      })

      it('keeps what was put under any id, also for the next start', async () => {
        await Promise.all(strangeIds.map((id, count) => collection.put(id, { owner: id, count })))
        for (const restart of [false, true]) {
          if (restart) await again()
          for (const [count, id] of strangeIds.entries())
            assert.deepEqual(await collection.get(id), { owner: id, count }, `id ${id}`)
          const listed = (await collection.list()).map((phone) => phone.owner)
          assert.deepEqual(listed, [...strangeIds].sort(), 'ordered by id')
          assert.deepEqual(new Map(await all(collection.scan())).get('con'), { owner: 'con', count: 4 })
        }
      })

      it('knows nothing of a document that was never put or is deleted', async () => {
        assert.equal(await collection.get('ana'), undefined)
        await collection.delete('ana')
        await collection.put('ana', { owner: 'ana', count: 1 })
        await collection.delete('ana')
        for (const restart of [false, true]) {
          if (restart) await again()
          assert.equal(await collection.get('ana'), undefined)
          assert.deepEqual(await collection.list(), [])
          assert.deepEqual(await all(collection.scan()), [])
        }
      })

      it('gives each of a hundred changes at once the newest value', async () => {
        const changes = Array.from({ length: 100 }, () =>
          collection.update('ana', (old) => ({ owner: 'ana', count: (old?.count ?? 0) + 1 })),
        )
        const results = await Promise.all(changes)
        assert.deepEqual(
          results.map((phone) => phone?.count),
          Array.from({ length: 100 }, (_, index) => index + 1),
        )
        await again()
        assert.equal((await collection.get('ana'))?.count, 100)
      })

      it('orders put, update and delete of one document as they were called', async () => {
        const steps = [
          collection.put('ana', { owner: 'ana', count: 1 }),
          collection.update('ana', (old) => old && { ...old, count: old.count + 1 }),
          collection.delete('ana'),
          collection.update('ana', (old) => ({ owner: old ? 'still there' : 'gone', count: 0 })),
        ]
        await Promise.all(steps)
        assert.deepEqual(await collection.get('ana'), { owner: 'gone', count: 0 })
      })

      it('deletes when a change returns nothing, and leaves everything when it throws or returns what it got', async () => {
        await collection.put('ana', { owner: 'ana', count: 1 })
        const refusal = new Error('no')
        const refuse = () => {
          throw refusal
        }
        await assert.rejects(collection.update('ana', refuse), refusal)
        assert.deepEqual(await collection.update('ana', (old) => old), { owner: 'ana', count: 1 })
        assert.deepEqual(await collection.get('ana'), { owner: 'ana', count: 1 })
        assert.equal(await collection.update('ana', () => undefined), undefined)
        assert.equal(await collection.get('ana'), undefined)
        assert.equal(await collection.update('ana', (old) => old), undefined)
      })

      it('refuses a document that does not fit, and keeps the old one', async () => {
        await collection.put('ana', { owner: 'ana', count: 1 })
        const wrong = { owner: 'ana', count: 1.5 }
        await assert.rejects(collection.put('ana', wrong), z.core.$ZodError)
        await assert.rejects(
          collection.update('ana', () => wrong),
          z.core.$ZodError,
        )
        assert.equal((await collection.get('ana'))?.count, 1)
        await collection.put('ana', { owner: 'ana', count: 2 })
      })

      it('is not changed through objects that went in or came out', async () => {
        const given = { owner: 'ana', count: 1, more: { note: 'mine' } }
        const written = collection.put('ana', given)
        given.more.note = 'changed by the giver'
        await written
        const taken = await collection.get('ana')
        try {
          if (taken?.more) taken.more.note = 'changed by the taker'
        } catch (error) {
          assert.ok(error instanceof TypeError, 'frozen')
        }
        assert.deepEqual(await collection.get('ana'), { owner: 'ana', count: 1, more: { note: 'mine' } })
      })

      it('gives the same before and after a restart, without what JSON does not keep', async () => {
        await collection.put('ana', { owner: 'ana', count: 1, tags: undefined })
        assert.deepEqual(await collection.get('ana'), { owner: 'ana', count: 1 })
        await again()
        assert.deepEqual(await collection.get('ana'), { owner: 'ana', count: 1 })
      })

      it('brings up a document of an older schema number', async () => {
        await collection.put('ana', { owner: 'ana', count: 3 })
        await reopen()
        const upgraded = await store.open({
          name: 'phones',
          schema: z.object({ owner: z.string(), seen: z.int() }),
          version: 3,
          upgrade: (document, from) => {
            const { owner, count } = PhoneSchema.parse(document)
            return { owner, seen: count * from }
          },
          indexes: { owner: (phone) => phone.owner },
          ...(kept === 'resident' ? {} : { resident: false }),
        })
        assert.deepEqual(await upgraded.get('ana'), { owner: 'ana', seen: 3 })
        assert.deepEqual(await upgraded.list({ index: 'owner', value: 'ana' }), [{ owner: 'ana', seen: 3 }])
        await upgraded.update('ana', (old) => old && { ...old, seen: old.seen + 1 })
        assert.deepEqual(await upgraded.get('ana'), { owner: 'ana', seen: 4 })
      })

      it('refuses a document of a newer schema number', async () => {
        await reopen()
        await (await store.open({ ...definition, version: 2 })).put('ana', { owner: 'ana', count: 1 })
        await reopen()
        const read = async () => (await store.open(definition)).get('ana')
        await assert.rejects(read, (error) => isBotError(error, 'STORE_FOREIGN') && /schema 2/.test(error.message))
      })

      if (!kept.endsWith('index')) {
        it('lists by an index as documents come, change and go, ordered by id', async () => {
          const ofAna = async () =>
            (await collection.list({ index: 'owner', value: 'ana' })).map((phone) => phone.count)
          await collection.put('b', { owner: 'ana', count: 2 })
          await collection.put('a', { owner: 'ana', count: 1, tags: ['new', 'red'] })
          await collection.put('c', { owner: 'bo', count: 3, tags: ['red'] })
          assert.deepEqual(await ofAna(), [1, 2])
          assert.equal((await collection.list({ index: 'tag', value: 'red' })).length, 2)
          await collection.update('a', (old) => old && { ...old, owner: 'bo', tags: ['red'] })
          await collection.delete('b')
          await collection.put('d', { owner: 'ana', count: 4 })
          for (const restart of [false, true]) {
            if (restart) await again()
            assert.deepEqual(await ofAna(), [4])
            assert.equal((await collection.list({ index: 'owner', value: 'bo' })).length, 2)
            assert.deepEqual(await collection.list({ index: 'tag', value: 'new' }), [])
            assert.equal((await collection.list({ index: 'tag', value: 'red' })).length, 2)
          }
          await assert.rejects(collection.list({ index: 'colour', value: 'red' }), /no index colour/)
        })
      }

      it('agrees with a plain map after any history', async () => {
        const id = fc.constantFrom('a', 'b', 'B')
        const phone = fc.record({ owner: fc.constantFrom('ana', 'bo'), count: fc.integer() }, { noNullPrototype: true })
        const step = fc.oneof(
          fc.record({ kind: fc.constant('put' as const), id, phone }),
          fc.record({ kind: fc.constant('delete' as const), id }),
          fc.record({ kind: fc.constant('change' as const), id, phone }),
          fc.record({ kind: fc.constant('restart' as const) }),
        )
        const history = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          for (const old of ['a', 'b', 'B']) await collection.delete(old)
          const model = new Map<string, Phone>()
          for (const each of steps) {
            if (each.kind === 'restart') await again()
            if (each.kind === 'put') {
              model.set(each.id, each.phone)
              await collection.put(each.id, each.phone)
            }
            if (each.kind === 'delete') {
              model.delete(each.id)
              await collection.delete(each.id)
            }
            if (each.kind === 'change') {
              const expected = model.has(each.id) ? undefined : each.phone
              if (expected) model.set(each.id, expected)
              else model.delete(each.id)
              await collection.update(each.id, (old) => (old ? undefined : each.phone))
            }
          }
          assert.deepEqual(new Map(await all(collection.scan())), model)
          for (const value of kept.endsWith('index') ? [] : ['ana', 'bo']) {
            const expected = [...model].filter(([, { owner }]) => owner === value).sort(([a], [b]) => (a < b ? -1 : 1))
            assert.deepEqual(
              await collection.list({ index: 'owner', value }),
              expected.map(([, document]) => document),
            )
          }
        })
        await fc.assert(history, { numRuns: 15 })
      })
    })
  }

  it('keeps collections apart', async () => {
    const tablets = await store.open({ ...phones, name: 'tablets' })
    const collection = await store.open(phones)
    await tablets.put('a', { owner: 'ana', count: 1 })
    assert.equal(await collection.get('a'), undefined)
  })

  it('writes nothing after it was closed', async () => {
    const collection = await store.open(phones)
    await collection.put('a', { owner: 'ana', count: 1 })
    const late = collection.put('a', { owner: 'ana', count: 2 })
    await store.close()
    await late
    await assert.rejects(collection.put('a', { owner: 'ana', count: 3 }), { code: 'STORE_UNWRITABLE' })
    await assert.rejects(store.append('diary', inPart('1', 'late')), { code: 'STORE_UNWRITABLE' })
    store = await place.open()
    assert.equal((await (await store.open(phones)).get('a'))?.count, 2)
    assert.deepEqual(await all(store.readBack('diary')), [])
  })

  describe('a log', () => {
    const texts = async (part?: string) => (await all(store.read('diary', part))).map(({ text }) => text)
    const textsBack = async () => (await all(store.readBack('diary'))).map(({ text }) => text)

    it('keeps lines in the order of the calls and shows each the one before, also for the next start', async () => {
      const counted = (last: LogLine | undefined) => ({ part: '1', text: `${Number(last?.text ?? 0) + 1}` })
      const expected = Array.from({ length: 200 }, (_, index) => `${index + 1}`)
      const first = await Promise.all(Array.from({ length: 100 }, () => store.append('diary', counted)))
      assert.deepEqual(
        first.map(({ text }) => text),
        expected.slice(0, 100),
      )
      await reopen()
      await Promise.all(Array.from({ length: 100 }, () => store.append('diary', counted)))
      assert.deepEqual(await texts(), expected)
      assert.deepEqual(await textsBack(), expected.toReversed())
    })

    it('is empty before the first line', async () => {
      assert.deepEqual(await texts(), [])
      assert.deepEqual(await textsBack(), [])
      await store.dropBefore('diary', '9')
      const { text } = await store.append('diary', (last) => ({ part: '1', text: `after ${last?.text}` }))
      assert.equal(text, 'after undefined')
    })

    it('gives back any text whole: empty, of many bytes, with the line ends of other worlds', async () => {
      const lines = ['', '\r', '\u2028', 'é'.repeat(100_000), '電話', 'x'.repeat(65_535), 'x'.repeat(65_536), 'end']
      for (const text of lines) await store.append('diary', inPart('1', text))
      for (const restart of [false, true]) {
        if (restart) await reopen()
        assert.deepEqual(await texts(), lines)
        assert.deepEqual(await textsBack(), lines.toReversed())
      }
    })

    it('lies in parts, can be read from one on, and drops old ones but never the last line', async () => {
      for (const [part, text] of [
        ['2026-10', 'a'],
        ['2026-11', 'b'],
        ['2026-11', 'c'],
        ['2026-12', 'd'],
      ] as const)
        await store.append('diary', inPart(part, text))
      assert.deepEqual(await texts('2026-11'), ['b', 'c', 'd'])
      assert.deepEqual(
        (await all(store.readBack('diary'))).map(({ part }) => part.slice(5)),
        ['12', '11', '11', '10'],
      )
      await store.dropBefore('diary', '2026-11')
      assert.deepEqual(await texts(), ['b', 'c', 'd'])
      await store.dropBefore('diary', '2027-05')
      for (const restart of [false, true]) {
        if (restart) await reopen()
        assert.deepEqual(await texts(), ['d'])
      }
      const { text } = await store.append('diary', (last) => ({ part: '2027-05', text: `after ${last?.text}` }))
      assert.equal(text, 'after d')
    })

    it('writes calls for several parts at once each to its own', async () => {
      const parts = ['1', '1', '2', '2', '3', '1']
      const results = await Promise.allSettled(parts.map((part, n) => store.append('diary', inPart(part, `${n}`))))
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
        'a part never goes down',
      )
      assert.deepEqual(
        (await all(store.read('diary'))).map(({ part, text }) => part + text),
        ['10', '11', '22', '23', '34'],
      )
    })

    it('refuses alone the line that cannot be made or is not one line', async () => {
      const broken = () => {
        throw new Error('cannot be made')
      }
      const results = await Promise.allSettled([
        store.append('diary', inPart('1', 'a')),
        store.append('diary', broken),
        store.append('diary', inPart('1', 'two\nlines')),
        store.append('diary', (last) => ({ part: '1', text: `after ${last?.text}` })),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await texts(), ['a', 'after a'])
    })

    it('stands beside other logs', async () => {
      await store.append('diary', inPart('1', 'a'))
      await store.append('letters', (last) => ({ part: '1', text: `after ${last?.text}` }))
      assert.deepEqual(await texts(), ['a'])
    })
  })
}
