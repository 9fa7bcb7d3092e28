import assert from 'node:assert/strict'
import { object } from '../../../src/connector/onprem/clixml.ts'
import type { Conversation, Heard } from '../../../src/connector/onprem/conversation.ts'
import { Interrupted } from '../../../src/connector/onprem/conversation.ts'
import { HttpFailure } from '../../../src/connector/onprem/http.ts'
import type { PoolEvent } from '../../../src/connector/onprem/pool.ts'
import { createRunner } from '../../../src/connector/onprem/runner.ts'
import { WsmanFault } from '../../../src/connector/onprem/wsman.ts'
import { readXml } from '../../../src/connector/onprem/xml.ts'
import { Refusal } from '../../../src/connector/transport.ts'

const forever = new AbortController().signal
const cmdlet = { name: 'Get-MobileDevice', parameters: {} }
const output = (value: string): PoolEvent => ({ kind: 'output', value })
const ended = (state: 'completed' | 'failed' | 'stopped', error?: string): PoolEvent => ({
  kind: 'ended',
  state,
  error: error === undefined ? undefined : object({}, { text: error }),
})
const heard = (...events: PoolEvent[]): Heard => ({ events, done: false })
const last = (...events: PoolEvent[]): Heard => ({ events, done: true })

const commandResponse = readXml(
  '<b xmlns:r="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><r:CommandResponse><r:CommandId>C</r:CommandId></r:CommandResponse></b>',
)

/** A runner whose server says what stands in the script, and then nothing any more. */
function start(script: readonly (Heard | Error | Promise<Heard>)[]) {
  const asked: string[] = []
  let isReady = true
  let next = 0
  const conversation: Conversation = {
    shellId: 'S',
    async ask({ action, body }) {
      asked.push(/crtl_c/.test(body) ? 'stop' : /Terminate/.test(body) ? 'terminate' : action)
      return commandResponse
    },
    async hear() {
      asked.push('hear')
      const said = await (script[next++] ?? new Promise<Heard>(() => {}))
      if (said instanceof Error) throw said
      if (said.events.some(({ kind }) => kind === 'ended')) isReady = true
      return said
    },
    fragmentSize: () => 1000,
  }
  const pool = {
    open: () => Buffer.alloc(0),
    start: () => {
      isReady = false
      return [Buffer.from('x')]
    },
    receive: () => [],
    afterLoss: () => {},
    isReady: () => isReady,
    minor: () => 3,
  }
  const runner = createRunner({ pool, conversation, line: forever, warn: () => {}, log: () => {} })
  return {
    asked,
    settled: () => runner.settled(),
    run: async (signal = forever) => {
      const rows: unknown[] = []
      try {
        for await (const row of runner.run(cmdlet, signal)) rows.push(row.Value)
      } catch (error) {
        return { rows, error }
      }
      return { rows, error: undefined }
    },
  }
}

const mayHaveRun = (error: unknown) => (error instanceof Interrupted ? error.mayHaveRun : `${error}`)

describe('connector/onprem/runner', () => {
  it('hears on until the command is done, and clears it away', async () => {
    const { run, asked, settled } = start([heard(output('a')), heard(), heard(output('b'), ended('completed')), last()])
    assert.deepEqual(await run(), { rows: ['a', 'b'], error: undefined })
    assert.deepEqual(asked, ['command', 'hear', 'hear', 'hear', 'hear', 'terminate'])
    assert.equal(await settled(), true)
  })

  it('does not wait forever for the end of a command that has said its state', async () => {
    for (const silence of [heard(), new WsmanFault('gone', '2150858843')]) {
      const { run, settled } = start([heard(output('a'), ended('completed')), silence])
      assert.deepEqual(await run(), { rows: ['a'], error: undefined })
      assert.equal(await settled(), true)
    }
  })

  it('believes what a command has said of its end, although the conversation breaks after it', async () => {
    for (const silence of [new HttpFailure('broken', true), new WsmanFault('aborted', '995')]) {
      const { run, settled } = start([heard(output('a'), ended('completed')), silence])
      assert.deepEqual(await run(), { rows: ['a'], error: undefined })
      assert.equal(await settled(), false)
    }
    const closed = start([heard(output('a'), ended('completed'), { kind: 'gone', error: undefined })])
    assert.equal(mayHaveRun((await closed.run()).error), true)
  })

  it('takes a done command without a state, and one that was stopped, for one that may have run', async () => {
    for (const said of [last(output('a')), last(ended('stopped')), last(ended('failed'))])
      assert.equal(mayHaveRun((await start([said]).run()).error), true)
  })

  it('takes an error for a refusal although the state says completed', async () => {
    const said = last(
      { kind: 'error', record: object({}, { text: 'first' }) },
      { kind: 'error', record: 'second' },
      ended('completed'),
    )
    const { error } = await start([said]).run()
    assert.ok(error instanceof Refusal)
    assert.equal(error.message, 'first')
  })

  it('takes the error of a failed state for a refusal', async () => {
    const { error } = await start([last(ended('failed', 'no'))]).run()
    assert.ok(error instanceof Refusal)
    assert.equal(error.message, 'no')
    const told = await start([last({ kind: 'error', record: 'before' }, ended('failed'))]).run()
    assert.ok(told.error instanceof Refusal)
    assert.equal(told.error.message, 'before')
  })

  it('stops a cmdlet that asks a person, and says so', async () => {
    const { run, asked, settled } = start([
      heard({ kind: 'question', method: 'PromptForChoice' }),
      last(ended('stopped')),
    ])
    const { error } = await run()
    assert.match(String(error), /PromptForChoice/)
    assert.equal(mayHaveRun(error), true)
    assert.equal(await settled(), true)
    assert.deepEqual(asked, ['command', 'hear', 'stop', 'hear', 'terminate'])
  })

  it('gives up a shell that the server closes, or whose answer cannot be read', async () => {
    for (const said of [
      heard({ kind: 'gone', error: undefined }),
      new WsmanFault('aborted', '995'),
      new HttpFailure('broken', true),
    ]) {
      const { run, asked, settled } = start([said])
      assert.equal(mayHaveRun((await run()).error), true)
      assert.equal(await settled(), false)
      assert.deepEqual(asked, ['command', 'hear'])
    }
  })

  it('tells of an abort at once, and hears the cmdlet out behind it', async () => {
    const { promise, resolve } = Promise.withResolvers<Heard>()
    const { run, asked, settled } = start([promise])
    const control = new AbortController()
    const result = run(control.signal)
    setImmediate(() => control.abort())
    assert.equal(mayHaveRun((await result).error), true)
    assert.deepEqual(asked.slice(0, 3), ['command', 'hear', 'stop'])
    resolve(last(ended('stopped')))
    assert.equal(await settled(), true)
    assert.equal(asked.at(-1), 'terminate')
  })

  it('hands on the rows that are there when the end is among them, aborted or not', async () => {
    const control = new AbortController()
    const { run } = start([last(output('a'), output('b'), ended('completed'))])
    const result = run(control.signal)
    setImmediate(() => control.abort())
    assert.deepEqual(await result, { rows: ['a', 'b'], error: undefined })
  })

  it('does not start for a signal that has aborted', async () => {
    const { run, asked } = start([])
    assert.equal(mayHaveRun((await run(AbortSignal.abort())).error), false)
    assert.deepEqual(asked, [])
  })

  it('does not hide a bug behind a failure of the network', async () => {
    const bug = new TypeError('a bug')
    assert.equal((await start([bug]).run()).error, bug)
  })
})
