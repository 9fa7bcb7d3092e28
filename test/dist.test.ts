import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startSandboxExchange } from '../src/sandbox/exchange/server.ts'
import { startTeams } from './bench/teams.ts'
import { eventually } from './desk.ts'

const root = join(import.meta.dirname, '..')
/** Seconds that a process may take where others are busy too. */
const busy = 90

/** Nothing of this reads TypeScript, or a source: what `npm run build` has made, beside what is deployed with it. */
describe('npm run build', function () {
  this.timeout(4 * busy * 1000)
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dist-'))
    for (const name of ['src', 'cards', 'manifest', 'package.json', 'tsconfig.json', 'tsconfig.build.json'])
      await cp(join(root, name), join(folder, name), { recursive: true })
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    await promisify(execFile)('npm', ['run', 'build'], { cwd: folder, shell: process.platform === 'win32' })
    await rm(join(folder, 'src'), { recursive: true })
  })
  after(() => rm(folder, { recursive: true }))

  /** `node dist/index.js` with nothing in its environment but these settings. */
  async function start(env: NodeJS.ProcessEnv) {
    const bot = spawn(process.execPath, ['dist/index.js'], {
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [bot.stdout, bot.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    const ended = once(bot, 'exit').then(([code]) => ({ code, said }))
    const url = await eventually(() => /"url":"(http:[^"]+)"/.exec(said)?.[1], busy)
    return { url, ended, stop: () => bot.kill('SIGTERM') }
  }

  it('makes plain JavaScript that serves an Exchange with production settings', async () => {
    await using teams = await startTeams()
    const exchange = await startSandboxExchange()
    const organizations = await (await fetch(`${exchange.url}/_sandbox/organizations`)).json()
    const { address, authority, tenant, clientId, secret } = organizations[0]
    const credential = { hosts: [new URL(address).host], tenant, clientId, secret }
    await writeFile(join(folder, 'contoso.json'), JSON.stringify(credential), { mode: 0o600 })
    const bot = await start({ ...teams.env, CREDENTIALS_DIR: folder, DATA_DIR: join(folder, 'served') })
    await teams.say(
      bot.url,
      `connector-add Contoso online address:${address} authority:${authority} tenant:${tenant} credential:contoso`,
    )
    const card = await eventually(async () => {
      const answer = await teams.say(bot.url, 'find adele_iPhone')
      return answer.includes('Allowed') && answer
    }, busy)
    assert.match(card, /adele_iPhone/)
    assert.equal((await fetch(`${bot.url}/tab`)).status, 200)
    bot.stop()
    const { code, said } = await bot.ended
    assert.equal(code, 0, said)
    await exchange.close()
  })

  it('ends a turn that is under way before it stops, and waits for nobody who only keeps it waiting', async () => {
    const asked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    await using teams = await startTeams({
      async taking() {
        asked.resolve()
        await released.promise
      },
    })
    const bot = await start({ ...teams.env, DATA_DIR: join(folder, 'stopped') })
    const { hostname, port } = new URL(bot.url)
    const idler = connect(Number(port), hostname)
    idler.write(
      'POST /api/messages HTTP/1.1\r\nhost: bot\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    )
    idler.on('error', () => {})
    const answered = teams.say(bot.url, 'help')
    await asked.promise
    bot.stop()
    await wait(500)
    released.resolve()
    assert.match(await answered, /find/)
    const { code, said } = await bot.ended
    assert.equal(code, 0, said)
    idler.destroy()
  })
})
