import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Starts a server in a process of its own; resolves when it says where it listens. */
export async function startChild(script: URL, env: NodeJS.ProcessEnv = {}, options: readonly string[] = []) {
  const args = ['--disable-warning=ExperimentalWarning', ...options, script.pathname]
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-1000)
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
      if (found !== undefined) resolve(found)
    })
    ended.then(() => reject(new Error(`${script.pathname} ended: ${said}`)), reject)
  })
  return {
    url,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
