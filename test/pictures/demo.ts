import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, type Json } from '../desk.ts'

const root = new URL('../../', import.meta.url).pathname
const printed = /the bot at (\S+), a sandbox Exchange at (\S+),.*\nOpen (\S+)\n/

/** The demo as `npm start` runs it, on free ports and a folder of its own. */
export async function startDemo() {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'))
  const env = { ...process.env, PORT: '0', DATA_DIR: folder, MicrosoftAppId: '' }
  const demo = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/index.ts'], {
    ...{ cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] },
  })
  const ended = once(demo, 'exit')
  let said = ''
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [, bot = '', exchange = '', chats = ''] = await eventually(() => {
    if (demo.exitCode !== null) throw new Error(`the demo did not start: ${said}`)
    return printed.exec(said) ?? undefined
  })
  await eventually(async () => (await fetch(`${bot}/readyz`)).status === 200)

  async function control(method: string, path: string, body?: object): Promise<Json> {
    const text = body === undefined ? null : JSON.stringify(body)
    return (await fetch(`${exchange}/_sandbox/${path}`, { method, body: text })).json()
  }

  return {
    bot,
    chats,

    /** A phone, as the sandbox Exchange knows it. */
    async phone(name: string): Promise<{ Guid: string; DeviceId: string }> {
      const [found] = await control('GET', `devices?text=${name}`)
      return found
    },

    /** Lets a phone contact Exchange, which takes a wipe but acknowledges it at its next contact. */
    takesWipe: (id: string): Promise<Json> => control('POST', `devices/${id}/sync`, { acknowledges: 'later' }),

    /** All that the sandbox Exchange was told to wipe, and where to stop. */
    async wipes(): Promise<{ Identity: string; Cancel?: boolean }[]> {
      const calls: Json[] = await control('GET', 'calls')
      return calls.filter(({ cmdlet }) => cmdlet === 'Clear-MobileDevice').map(({ parameters }) => parameters)
    },

    async close(): Promise<void> {
      demo.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

export type Demo = Awaited<ReturnType<typeof startDemo>>
