import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './desk.ts'

/** Seconds that a process may take to start where others are busy too. */
const busy = 60

const script = fileURLToPath(new URL('../src/index.ts', import.meta.url))
const id = '3b9e6d1f-52c8-4a07-8e9b-c41f7a2d5b60'
const production = { MicrosoftAppId: id, MicrosoftAppPassword: 'a-secret', MicrosoftAppTenantId: id }

describe('npm start', () => {
  const children = new Set<ChildProcess>()
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'start-'))
  })
  after(async () => {
    for (const { pid } of children) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    await rm(folder, { recursive: true })
  })

  /** Starts it in a group of its own, as a terminal does. */
  function start(name: string, env: Record<string, string> = {}, ...args: string[]) {
    const own = { PATH: process.env.PATH, PORT: '0', DATA_DIR: join(folder, name), ...env }
    const child = spawn(process.execPath, [script, ...args], {
      env: own,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text
    })
    const ended = once(child, 'close').then(([code, signal]) => {
      children.delete(child)
      return { code, signal, ...said }
    })
    return { child, said, ended }
  }

  /** Starts the demo and waits until it says what to type. */
  async function startDemo(name: string, env: Record<string, string> = {}, ...args: string[]) {
    const one = start(name, env, ...args)
    await Promise.race([
      eventually(() => one.said.out.includes('Type: '), busy),
      one.ended.then(({ err }) => assert.fail(err)),
    ])
    const [bot = '', exchange = ''] = one.said.out.match(/http:\/\/[^\s,]+\d/g) ?? []
    return { ...one, bot, exchange, group: -(one.child.pid ?? 0) }
  }

  const isThere = (url: string) =>
    fetch(url).then(
      () => true,
      () => false,
    )
  /** What is said when it does not start: one thing, and no stack. */
  async function refusal(name: string, env: Record<string, string> = {}, ...args: string[]) {
    const { code, out, err } = await start(name, env, ...args).ended
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.doesNotMatch(err, /^\s+at /m, 'no stack')
    return err.trim()
  }

  it('tells in three lines what runs, what to open and what to type; a second start on the same folder or port says why not', async () => {
    const first = await startDemo('demo')
    const lines = first.said.out.trim().split('\n')
    assert.equal(lines.length, 3)
    assert.match(
      lines[0] ?? '',
      /the bot at http:\/\/127\.0\.0\.1:\d+, a sandbox Exchange at http:\/\/127\.0\.0\.1:\d+, the tab at http:\/\/127\.0\.0\.1:\d+\/tab/,
    )
    assert.match(lines[1] ?? '', /^Open http:\/\/127\.0\.0\.1:\d+$/)
    assert.match(lines[2] ?? '', /^Type: find adele$/)
    assert.equal(await isThere((lines[1] ?? '').replace('Open ', '')), true)
    await eventually(async () => (await fetch(`${first.bot}/readyz`)).ok, busy)

    const twice = await refusal('demo')
    assert.match(twice, new RegExp(`process ${first.child.pid}\\)`))
    const port = Number(new URL(first.bot).port)
    const taken = await refusal('other', { PORT: String(port) })
    assert.match(
      taken,
      new RegExp(
        `:(${port}|${port + 1}): another program uses this port; set another, for example PORT=4100 npm start`,
      ),
    )
    assert.equal(taken.split('\n').length, 1)

    process.kill(first.group, 'SIGINT')
    assert.deepEqual(await first.ended.then(({ code, err }) => ({ code, err })), { code: 0, err: '' })
    assert.equal(await isThere(first.bot), false)
    assert.equal(await isThere(first.exchange), false)
    assert.match(await refusal('demo', production), /belongs to demo; set DATA_DIR to another/)
  })

  it('leaves nothing behind when it is killed', async () => {
    const demo = await startDemo('killed', {}, '--no-auth')
    demo.child.kill('SIGKILL')
    assert.equal((await demo.ended).signal, 'SIGKILL')
    await eventually(async () => !(await isThere(demo.exchange)), busy)
  })

  it('starts the bot itself where MicrosoftAppId is set, and its log tells no secret', async () => {
    const bot = start('production', { ...production, LOG_LEVEL: 'debug' })
    await eventually(() => bot.said.out.includes('Device Desk listens'), busy)
    bot.child.kill('SIGTERM')
    const { code, out, err } = await bot.ended
    assert.deepEqual([code, err], [0, ''])
    assert.doesNotMatch(out, /a-secret/)
  })

  it('refuses settings that cannot be used, all of them at once, before it begins anything', async () => {
    const said = await refusal('wrong', { NODE_ENV: 'production', HOST: '0.0.0.0', APPROVALS: 'two', PORT: '-1' })
    for (const name of ['NODE_ENV', 'HOST', 'APPROVALS', 'PORT']) assert.match(said, new RegExp(`^- ${name}: `, 'm'))
    assert.match(await refusal('wrong', production, '--no-auth'), /--no-auth is for the demo/)
    await assert.rejects(readFile(join(folder, 'wrong', 'device-desk.json')))
  })

  it('explains itself to whoever types something else', async () => {
    const said = await refusal('wrong', {}, '--noauth')
    assert.match(said, /^Unknown option '--noauth'; this is what there is:\n/)
    for (const word of ['--no-auth', '--help', 'MicrosoftAppId', 'DATA_DIR', 'ADMINS'])
      assert.ok(said.includes(word), word)
  })
}).timeout(180_000)
