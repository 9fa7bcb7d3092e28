import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openFileStore } from '../../src/store/files.ts'
import { type Copy, createLiveCards } from '../../src/teams/live.ts'
import { NotSent } from '../../src/teams/sender.ts'

const about = { verb: 'device', data: { ref: 'g' } }
const copy = (message: string, conversation = 'chat'): Copy => ({
  place: { scope: 'personal', conversation, serviceUrl: 'https://smba.trafficmanager.net/', tenant: 't', bot: '28:b' },
  message,
  caller: {
    tenant: '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9',
    id: '0d4c7e52-91ab-4f3e-a6d8-57b2c9e01f34',
    name: 'Ann',
  },
})

describe('posted copies of a card', () => {
  let folder: string
  let edited: string[] = []
  let touched: string[] = []
  let shown = ''
  let failures: Record<string, number> = {}
  let close: () => Promise<void>
  let live: Awaited<ReturnType<typeof createLiveCards>>

  async function open() {
    const store = await openFileStore({ folder, kind: 'demo' })
    const edit = async ({ message }: Copy) => {
      edited.push(message)
      const status = failures[message]
      if (status !== undefined) throw new NotSent('PUT', { status })
    }
    live = await createLiveCards({
      store,
      edit,
      shown: async () => shown,
      alsoTouched: async ({ data }) => void touched.push(data.ref ?? ''),
      log: pino({ level: 'silent' }),
    })
    close = () => store.close()
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'live-'))
    edited = []
    touched = []
    failures = {}
    await open()
  })
  afterEach(async () => {
    await close()
    await rm(folder, { recursive: true })
  })

  it('are all edited when what they show has changed, also after a restart', async () => {
    for (const message of ['1', '2']) await live.remember(about, copy(message), live.moment())
    await close()
    await open()
    await live.touched(about)
    await live.touched({ verb: 'device', data: { ref: 'another' } })
    assert.deepEqual(edited, ['1', '2'])
    assert.deepEqual(touched, ['g', 'another'], 'others are told as well')
  })

  it('are edited at once when that happened while they were on their way', async () => {
    const drawn = live.moment()
    await live.touched(about)
    await live.remember(about, copy('1'), drawn)
    assert.deepEqual(edited, ['1'])
    await live.remember(about, copy('2'), live.moment())
    assert.deepEqual(edited, ['1'])
  })

  it('stay as they answered somebody until something else is to be shown, also after a restart', async () => {
    shown = 'allowed'
    const drawn = live.moment()
    await live.touched(about)
    await live.remember(about, { ...copy('1'), answered: 'allowed' }, drawn)
    await live.touched(about)
    await close()
    await open()
    await live.touched(about)
    assert.deepEqual(edited, [])
    shown = 'blocked'
    await live.touched(about)
    shown = 'allowed'
    await live.touched(about)
    assert.deepEqual(edited, ['1', '1'], 'what it once answered counts no more')
  })

  it('are kept once each, and the newest twenty of them', async () => {
    for (let n = 0; n < 25; n += 1) await live.remember(about, copy(String(n)), live.moment())
    await live.remember(about, copy('24'), live.moment())
    await live.touched(about)
    assert.deepEqual(
      edited,
      Array.from({ length: 20 }, (_, n) => String(n + 5)),
    )
  })

  it('are forgotten when they are gone, and kept when Teams only failed', async () => {
    for (const message of ['1', '2', '3']) await live.remember(about, copy(message), live.moment())
    failures = { 1: 404, 2: 403, 3: 503 }
    await live.touched(about)
    failures = {}
    edited = []
    await live.touched(about)
    assert.deepEqual(edited, ['3'])
  })

  it('are forgotten with their conversation, threads and all', async () => {
    for (const place of ['19:x', '19:x;messageid=1', '19:xy'])
      await live.remember(about, copy(place, place), live.moment())
    await live.forget('19:x')
    await live.touched(about)
    assert.deepEqual(edited, ['19:xy'])
  })

  it('of the same id in two conversations are two', async () => {
    await live.remember(about, copy('1', 'chat'), live.moment())
    await live.remember(about, copy('1', 'group'), live.moment())
    await live.touched(about)
    assert.deepEqual(edited, ['1', '1'])
  })
})
