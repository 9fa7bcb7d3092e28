import { startSandboxExchange } from './server.ts'

const { url, close } = await startSandboxExchange({ port: Number(process.env.SANDBOX_PORT ?? 0) })
console.log(`Sandbox Exchange: ${url}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, close)
// Where the demo started it, it ends with the demo.
process.once('disconnect', () => close().then(() => process.exit(0)))
