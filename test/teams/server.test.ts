import assert from 'node:assert/strict'
import { request } from 'node:http'
import { people, startDesk, type TestDesk } from '../desk.ts'

describe("the bot's HTTP server in the demo", () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())

  /** Unlike fetch, it takes any Host. */
  const ask = (headers: Record<string, string>, path = '/healthz') =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${desk.url()}${path}`, { headers, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .once('error', reject)
        .end()
    })

  for (const header of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'x-forwarded-proto'])
    it(`refuses what comes with ${header}`, async () => {
      assert.equal(await ask({ [header]: 'for=192.0.2.1' }), 403)
    })

  it('refuses signed activities that came through a proxy', async () => {
    const activity = { ...desk.teams.activity(people.helpdesk, 'personal', { type: 'message' }), text: 'whoami' }
    const headers = { authorization: `Bearer ${await desk.teams.token()}`, 'content-type': 'application/json' }
    const send = (more: Record<string, string>) =>
      fetch(`${desk.url()}/api/messages`, {
        method: 'POST',
        headers: { ...headers, ...more },
        body: JSON.stringify(activity),
      })
    assert.equal((await send({ 'x-forwarded-for': '192.0.2.1' })).status, 403)
    assert.equal((await send({})).status, 200)
  })

  it('answers to its own name only, so that no page of the outside can lead a browser here', async () => {
    const { port } = new URL(desk.url())
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, '127.0.0.1', `[::1]:${port}`])
      assert.equal(await ask({ host }), 200, host)
    for (const host of ['device-desk.example', `127.0.0.1.example:${port}`, '0.0.0.0', '@'])
      assert.equal(await ask({ host }), 403, host)
  })

  it('tells that it lives, is ready, and how the audit record stands', async () => {
    assert.equal(await ask({}, '/healthz'), 200)
    assert.equal(await ask({}, '/readyz'), 200)
    const metrics = await (await fetch(`${desk.url()}/metrics`)).text()
    assert.match(metrics, /^audit_head\{hash="[0-9a-f]{64}"\} \d+$/m)
  })

  it('has nothing else', async () => {
    assert.equal(await ask({}, '/nothing'), 404)
    assert.equal(await ask({}, '/tab/nothing'), 404)
    assert.equal(await ask({}, '/api/messages'), 405)
    assert.equal(await ask({}, '/../package.json'), 404)
  })
})
