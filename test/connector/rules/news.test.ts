import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Use } from '../../../src/connector/connectors.ts'
import { createExchange } from '../../../src/connector/exchange.ts'
import type { AccessWish } from '../../../src/connector/rules/rule.ts'
import { type AccessChange, createRules, type Rules } from '../../../src/connector/rules/rules.ts'
import type { Transport } from '../../../src/connector/transport.ts'
import { BotError, type Code, isBotError } from '../../../src/errors.ts'
import { openFileStore } from '../../../src/store/files.ts'
import type { Store } from '../../../src/store/store.ts'
import { adminOf, chatOf } from '../../commands/chat.ts'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../../desk.ts'

describe('changes of the access rules', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '1000000' })
    await chatOf(desk, people.full, 'General').say('subscribe rules')
  })
  after(() => desk.close())

  /** What the channel was told, message by message. */
  const told = () =>
    desk.teams
      .messages(people.full, 'General')
      .filter(({ from, replyToId }) => from.id.startsWith('28:') && replyToId === undefined)
      .map(({ attachments }) => textOf((attachments as Json)[0]?.content))

  it('are told in the channel: with who made them here, and which nobody made here', async () => {
    const chat = chatOf(desk, people.full)
    await chat.click(await chat.say('rule-add quarantine model iPhone16C1'), 'Set the rule')
    const admin = await adminOf(desk)
    const about = { AccessLevel: 'Block', Characteristic: 'DeviceModel', QueryString: 'Pixel 7' }
    await admin('New-ActiveSyncDeviceAccessRule', about)
    await desk.sync()

    const preview = await chat.say('rule-add block model "Lost Phone"')
    const once = { cmdlet: 'New-ActiveSyncDeviceAccessRule', times: 1, then: 'lost-after' }
    await desk.control('POST', 'faults', once)
    await chat.click(preview, 'Set the rule')
    await desk.sync()
    for (const sentence of [
      'Viktor Lind added the rule Quarantine iPhone16C1(DeviceModel).',
      'Not through Device Desk: somebody added the rule Block Pixel 7(DeviceModel).',
      'Viktor Lind added the rule Block Lost Phone(DeviceModel).',
    ])
      await eventually(() => told().some((text) => text.includes(sentence)))
  }).timeout(120_000)
})

describe('what is told of the access rules', () => {
  const start = Date.parse('2026-11-23T10:00:00Z')
  const add = (query: string): AccessWish => ({ kind: 'add', level: 'Block', characteristic: 'DeviceModel', query })
  const signal = new AbortController().signal
  let folder: string
  let store: Store
  let rules: Rules
  let time: number
  let inExchange: Json[]
  let told: AccessChange[]
  /** What goes wrong with the next write, after it was done or before. */
  let trouble: { readonly code: Code; readonly done: boolean } | undefined
  /** What the next answer waits for. */
  let answering: () => Promise<void> | undefined
  let telling: (change: AccessChange) => Promise<void>

  const make = (query: string) =>
    inExchange.push({
      ...{ Guid: `0a1b2c3d-0000-4000-8000-${String(inExchange.length).padStart(12, '0')}`, AccessLevel: 'Block' },
      ...{ Name: `${query}(DeviceModel)`, Characteristic: 'DeviceModel', QueryString: query },
    })
  const transport: Transport = {
    async *invoke({ name, parameters }) {
      if (name === 'Get-ActiveSyncDeviceAccessRule') {
        await answering()
        yield* [...inExchange]
      } else if (name === 'Get-ActiveSyncOrganizationSettings') yield { DefaultAccessLevel: 'Allow' }
      else {
        const met = trouble
        trouble = undefined
        if (met === undefined || met.done) make(String(parameters.QueryString))
        if (met !== undefined) throw new BotError(met.code)
      }
    },
    close: async () => {},
  }
  const exchange = createExchange({ transport })
  const use: Use = (_, both, work) => work(exchange, both)
  async function open() {
    store = await openFileStore({ folder, kind: 'demo' })
    const now = () => new Date(time)
    rules = await createRules({ store, use, now, changed: (change) => telling(change), log: { warn: assert.fail } })
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rules-'))
    ;[time, inExchange, told, trouble] = [start, [], [], undefined]
    answering = () => undefined
    telling = async (change) => void told.push(change)
    await open()
    await rules.read('Contoso', signal)
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  const texts = () => told.map(({ by = 'somebody', did }) => `${by} ${did}`)
  const carryOut = async (query: string, by: string) =>
    rules.carryOut(await rules.preview('Contoso', add(query), signal), by, signal)

  it('is every difference, and nothing at the first read or when nothing is different', async () => {
    for (const query of ['A', 'B', 'C']) make(query)
    await rules.read('Contoso', signal)
    Object.assign(inExchange[0], { AccessLevel: 'Allow' })
    inExchange.splice(1, 1)
    for (let times = 0; times < 2; times++) await rules.read('Contoso', signal)
    assert.deepEqual(texts(), [
      ...['A', 'B', 'C'].map((query) => `somebody added the rule Block ${query}(DeviceModel)`),
      'somebody changed the rule A(DeviceModel) to Allow',
      'somebody removed the rule B(DeviceModel)',
    ])
  })

  it('is the same again after a kill before it was known to be told', async () => {
    make('A')
    telling = async (change) => {
      told.push(change)
      throw new Error('killed')
    }
    await assert.rejects(rules.read('Contoso', signal), /killed/)
    await store.close()
    await open()
    time += 1000
    telling = async (change) => void told.push(change)
    await rules.read('Contoso', signal)
    const [first, second] = told
    assert.deepEqual([told.length, { ...second, at: '' }], [2, { ...first, at: '' }])
  })

  it('names who made a change here that shows later, however its answer was lost', async () => {
    trouble = { code: 'EXCHANGE_OUTCOME_UNKNOWN', done: false }
    await assert.rejects(carryOut('A', 'Ann'), (error) => isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN'))
    assert.deepEqual(told, [], 'only what is known')
    make('A')
    await store.close()
    await open()
    await rules.read('Contoso', signal)
    assert.deepEqual(texts(), ['Ann added the rule Block A(DeviceModel)'])
  })

  it('names nobody who was refused, or whose change should have shown an hour ago', async () => {
    trouble = { code: 'EXCHANGE_REFUSED', done: false }
    await assert.rejects(carryOut('A', 'Ann'), (error) => isBotError(error, 'EXCHANGE_REFUSED'))
    make('A')
    trouble = { code: 'EXCHANGE_OUTCOME_UNKNOWN', done: false }
    await assert.rejects(carryOut('B', 'Ann'), (error) => isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN'))
    time += 61 * 60_000
    make('B')
    await rules.read('Contoso', signal)
    assert.deepEqual(
      texts(),
      ['A', 'B'].map((query) => `somebody added the rule Block ${query}(DeviceModel)`),
    )
  })

  it('is one thing with one name, though several read it at the same time', async () => {
    const passes = Promise.withResolvers<void>()
    const answers = [passes.promise]
    answering = () => answers.shift()
    const slow = rules.read('Contoso', signal)
    await Promise.all([...['A', 'B'].map((query) => carryOut(query, query)), rules.read('Contoso', signal)])
    passes.resolve()
    await slow
    const unique = new Set(told.map((change) => JSON.stringify({ ...change, at: '' })))
    assert.deepEqual([...unique].map((text) => JSON.parse(text).by).sort(), ['A', 'B'])
  })
})
