import { startSandboxExchange } from './server.ts'

const { url, close } = await startSandboxExchange({ port: Number(process.env.SANDBOX_PORT ?? 0) })
console.log(`Sandbox Exchange: ${url}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, close)
