import assert from 'node:assert/strict'
import { request } from 'node:http'
import { listen, route } from '../../../src/sandbox/teams/http.ts'

describe('sandbox/teams http', () => {
  let server: Awaited<ReturnType<typeof listen>>
  const done: string[] = []
  before(async () => {
    server = await listen(0)
    server.serve([
      route('GET', '/things/:name', (_, param) => Response.json(param('name'))),
      route('POST', '/things/:name', async (asked, param) => {
        done.push(param('name'))
        return Response.json(JSON.parse(await asked.text()))
      }),
      route('GET', '/endless', () => new Response(new ReadableStream({ cancel: () => void done.push('cancelled') }))),
    ])
  })
  after(() => server.close())
  beforeEach(() => {
    done.length = 0
  })

  /** `fetch` lets nobody choose Host or Origin. */
  const ask = (method: string, path: string, headers: Record<string, string>, body = '{}') =>
    new Promise<number>((resolve, reject) => {
      const asked = request(server.url + path, { method, headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      asked.on('error', reject)
      asked.end(method === 'POST' ? body : undefined)
    })
  const own = () => new URL(server.url).host

  it('hands path segments on decoded', async () => {
    const answer = await fetch(`${server.url}/things/${encodeURIComponent('19:a@b;messageid=1/ü')}`)
    assert.equal(await answer.json(), '19:a@b;messageid=1/ü')
  })

  it('answers requests that name this machine', async () => {
    assert.equal(await ask('GET', '/things/a', { host: own() }), 200)
    assert.equal(await ask('GET', '/things/a', { host: own().replace('127.0.0.1', 'localhost') }), 200)
  })

  it('refuses requests that came under another name', async () => {
    for (const host of ['evil.example', `evil.example:${new URL(server.url).port}`, '127.0.0.1:1', '127.0.0.1']) {
      assert.equal(await ask('POST', '/things/a', { host }), 403)
    }
    assert.deepEqual(done, [])
  })

  it("refuses what a stranger's page posts, and takes it from its own", async () => {
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1', `https://${own()}`]) {
      assert.equal(await ask('POST', '/things/a', { host: own(), origin }), 403)
    }
    assert.deepEqual(done, [])
    assert.equal(await ask('POST', '/things/a', { host: own(), origin: server.url }), 200)
    assert.equal(await ask('POST', '/things/a', { host: own() }), 200)
  })

  it('answers 404, 405 and 400 to what it cannot read', async () => {
    assert.equal(await ask('GET', '/nothing', { host: own() }), 404)
    assert.equal(await ask('DELETE', '/things/a', { host: own() }), 405)
    assert.equal(await ask('POST', '/things/a', { host: own() }, '{'), 400)
    assert.equal(await ask('GET', '/things/%E0', { host: own() }), 400)
    assert.equal(await ask('GET', '//evil.example/things/a', { host: own() }), 404)
  })

  it('survives a caller who leaves in the middle of a sentence', async () => {
    const { error } = console
    const printed: unknown[] = []
    console.error = (what) => printed.push(what)
    const headers = { host: own(), 'content-length': '100' }
    const left = request(`${server.url}/things/a`, { method: 'POST', headers })
    const gone = new Promise((resolve) => left.once('close', resolve))
    left.on('error', () => {})
    left.write('{', () => left.destroy())
    await gone
    assert.equal(await ask('GET', '/things/a', { host: own() }), 200)
    console.error = error
    assert.deepEqual(printed, [])
  })

  it('stops an answer whose reader has gone', async () => {
    const leave = new AbortController()
    await fetch(`${server.url}/endless`, { signal: leave.signal })
    leave.abort()
    while (done.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(done, ['cancelled'])
  })
})
