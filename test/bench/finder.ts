/** Reads a stored fleet in a process of its own; asked over HTTP, it tells what that takes of memory and how long it finds. */

import { createServer } from 'node:http'
import { openFleet } from './fleet.ts'

const queries = [
  { text: 'adele' },
  { text: 'adele vance' },
  { text: 'hanna iphone' },
  { text: 'bruno.' },
  { text: 'vance_' },
  { text: 'jose' },
  { text: 'o’brien' },
  { text: 'luca android 14' },
  { text: 'a' },
  { text: 'galaxy' },
  { text: 'nobody there' },
  { text: '@contoso.com' },
  { text: 'ios 17', state: 'Quarantined' },
  { state: 'Blocked' },
  { state: 'Allowed', page: 50 },
  { os: 'iOS' },
  { os: 'Android 1', stale: 90 },
  { stale: 30 },
  { connector: 'Contoso', state: 'Quarantined', stale: 10 },
  {},
]

const before = process.memoryUsage.rss()
const { inventory } = await openFleet(process.env.PLACE ?? '')
const parent = 'All Mobile Devices'
await inventory.collections.put({ name: 'Sales', parent, rule: 'ou startsWith "contoso.com/Staff/Sales"' })
await inventory.collections.put({ name: 'Phones', parent, rule: 'type in (iPhone, Android)' })
const visible = ['Sales', 'Phones']
const ask = () =>
  queries.map((query) => {
    const start = performance.now()
    inventory.find(query, visible)
    return performance.now() - start
  })
for (let warm = 0; warm < 5; warm += 1) ask()
const bytes = process.memoryUsage.rss() - before

const server = createServer((_, response) => {
  const latencies = Array.from({ length: 50 }, ask).flat()
  response.end(JSON.stringify({ bytes, latencies }))
}).listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
