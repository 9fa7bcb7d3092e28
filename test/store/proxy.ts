import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A loopback proxy before a database, which loses what it is told to lose. */
export async function startProxy(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  /** What becomes of the next answer of the database. */
  let lose: () => 'pass' | 'swallow' | 'cut' = () => 'pass'
  let deaf = false

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (data) => deaf || upstream.write(data))
    upstream.on('data', (data) => {
      if (deaf) return
      const fate = lose()
      if (fate === 'pass') client.write(data)
      if (fate === 'cut') client.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(target)
  if (typeof address === 'object' && address !== null) url.port = `${address.port}`

  return {
    url: url.href,
    /** Decides the fate of each answer from now on. */
    lose(fate: typeof lose) {
      lose = fate
    },
    /** Nothing goes through any more, and nobody is told. */
    stall() {
      deaf = true
    },
    /** Everything goes through again; what was stalled is broken. */
    mend() {
      deaf = false
      lose = () => 'pass'
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
