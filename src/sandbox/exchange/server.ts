import { createServer } from 'node:http'
import { createControl } from './control/door.ts'
import { createContoso } from './fleet/contoso.ts'
import type { Door } from './http.ts'
import { pageDoor } from './page/door.ts'
import { createPowerShellDoor } from './powershell/door.ts'
import { createRestDoor } from './rest/door.ts'
import { createTokens } from './rest/token.ts'
import { createSandbox } from './sandbox.ts'

export interface Options {
  /** A free one unless given. */
  readonly port?: number
  readonly now?: () => number
}

/** Starts a small Exchange on loopback, with the organization of the demo in it. */
export async function startSandboxExchange({ port = 0, now = Date.now }: Options = {}) {
  const sandbox = createSandbox(now)
  const contoso = await createContoso(now())
  sandbox.organizations.set(contoso.name, contoso)
  const tokens = createTokens(sandbox)
  const doors: readonly Door[] = [
    tokens.door,
    createRestDoor(sandbox, tokens),
    createPowerShellDoor(sandbox),
    createControl(sandbox, tokens.revoke),
    pageDoor,
  ]

  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    try {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1')
      for (const door of doors) if (await door(request, response, url)) return
      response.writeHead(404).end()
    } catch (error) {
      // A bug of the sandbox must not look like an answer of Exchange.
      console.error(error)
      response.destroy()
    }
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')

  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
