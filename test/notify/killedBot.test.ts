import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDemo } from '../../src/sandbox/demo.ts'
import { startSandboxExchange } from '../../src/sandbox/exchange/server.ts'
import { chatOf } from '../commands/chat.ts'
import { eventually, fastClock, people } from '../desk.ts'

/** Seconds that a start may take where others are busy too. */
const busy = 120

describe('what happened through the bot', function () {
  this.timeout(busy * 4000)

  let folder: string
  let exchange: Awaited<ReturnType<typeof startSandboxExchange>>
  let demo: Awaited<ReturnType<typeof startDemo>>
  let bot: ChildProcess
  let url = ''

  async function start(): Promise<void> {
    const env = { ...demo.env, PORT: '0', DATA_DIR: join(folder, 'store'), MASS_CHANGE: '1000000' }
    const about = JSON.stringify({ env, first: demo.first, connector: demo.connector })
    bot = fork(join(import.meta.dirname, 'bot.ts'), [about], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'device-desk-compiled') },
    })
    const [message] = await Promise.race([
      once(bot, 'message'),
      once(bot, 'exit').then(() => Promise.reject(new Error('the bot did not start'))),
    ])
    url = message.url
    await eventually(async () => (await fetch(`${url}/readyz`)).ok, busy)
  }

  /** The bot ends when it is about to keep an event of a kind, and another one begins. */
  async function killedBefore(kind: string, act: () => Promise<{ status: number }>): Promise<void> {
    const ended = once(bot, 'exit')
    bot.send(kind)
    await once(bot, 'message')
    assert.equal((await act()).status, 502)
    assert.deepEqual(await ended, [null, 'SIGKILL'])
    await start()
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'killed-'))
    exchange = await startSandboxExchange()
    const endpoint = () => `${url}/api/messages`
    demo = await startDemo({ folder, port: 0, exchange: exchange.url, endpoint, now: fastClock })
    await start()
    await chat('General').say('subscribe rules policy security')
  })
  after(async () => {
    const ended = once(bot, 'exit')
    bot.kill('SIGKILL')
    await ended
    await demo.close()
    await exchange.close()
    await rm(folder, { recursive: true })
  })

  const chat = (where = 'personal') => chatOf({ teams: demo.teams, logged: [] }, people.full, where)

  /** Previews a change, and confirms it while the bot is killed; whoever looks at Exchange afterwards tells of it. */
  async function changes(kind: string, words: string, button: string): Promise<void> {
    const { id, card } = await chat().say(words)
    const { verb, data } = card.actions.find(({ title }: { title: string }) => title === button)
    await killedBefore(kind, () => demo.teams.press(people.full, 'personal', id, verb, data))
    await chat().say('sync full')
  }

  it('is told though the bot was killed before it could keep that', async () => {
    await changes('rules', 'rule-add block model "Pixel 7"', 'Set the rule')
    await changes('policy', 'policy-set Security.Bluetooth HandsfreeOnly', 'Write to Exchange')
    const activity = demo.teams.activity(people.nobody, 'personal', { type: 'message', text: 'block adele_iPhone fun' })
    await killedBefore('security', () => demo.teams.raw(activity))
    assert.equal((await demo.teams.raw(activity)).status, 200, 'Teams repeats what was not answered')
    for (const sentence of [
      /Viktor Lind added the rule Block Pixel 7\(DeviceModel\)\./,
      /Viktor Lind configured it: Security.Bluetooth is HandsfreeOnly now/,
      /Noah Klein tried “block”/,
    ])
      await chat('General').finds(sentence)
  })
})
