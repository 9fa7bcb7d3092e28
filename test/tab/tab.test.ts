import assert from 'node:assert/strict'
import { request } from 'node:http'
import { decodeProtectedHeader, exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose'
import { adminOf, chatOf, writesOf } from '../commands/chat.ts'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

const teamsInBrowsers = '5e3ce6c0-2b1f-4285-8d4b-75ee78787346'

describe('the tab', () => {
  let desk: TestDesk
  before(async () => {
    desk = await startDesk({ PUBLIC_URL: 'https://desk.contoso.com' })
  })
  after(() => desk.close())

  const personOf = (name: string) => {
    const person = desk.teams.directory.people.find((one) => one.name === name)
    assert.ok(person)
    return { id: person.aadObjectId ?? '', name: person.name, email: person.email }
  }
  const tokenOf = (name: string, claims: JWTPayload = {}) => desk.teams.personToken(personOf(name), claims)

  async function post(path: string, body: unknown, headers: Record<string, string> = {}, raw?: string) {
    return fetch(`${desk.url()}/tab/api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: raw ?? JSON.stringify(body),
    })
  }
  const bearer = async (name: string) => ({ authorization: `Bearer ${await tokenOf(name)}` })

  /** What the tab answers to somebody. */
  async function ask(name: string, verb: string, data: object = {}, more: object = {}): Promise<Json> {
    const response = await post('ask', { verb, data, ...more }, await bearer(name))
    assert.equal(response.status, 200)
    return response.json()
  }

  describe('proves who is there', () => {
    const statusOf = async (token: string) =>
      (await post('ask', { verb: 'whoami', data: {} }, { authorization: token })).status

    it('by a token of Teams on a desktop or in a browser, for either name of the app', async () => {
      const aud = `api://desk.contoso.com/botid-${desk.teams.settings.MicrosoftAppId}`
      for (const claims of [{}, { azp: teamsInBrowsers }, { aud }, { scp: 'email access_as_user' }])
        assert.equal(await statusOf(`Bearer ${await tokenOf(people.full, claims)}`), 200)
    })

    const seconds = () => Math.floor(Date.now() / 1000)
    const bad: Record<string, () => JWTPayload> = {
      'of another audience': () => ({ aud: 'd2c4a4de-6f0e-4b6e-8a43-6ef2a0c7a111' }),
      'for another host of ours': () => ({ aud: `api://desk.example/botid-${desk.teams.settings.MicrosoftAppId}` }),
      'of another tenant': () => ({ tid: 'd2c4a4de-6f0e-4b6e-8a43-6ef2a0c7a111' }),
      'of another issuer': () => ({
        iss: 'https://login.microsoftonline.com/d2c4a4de-6f0e-4b6e-8a43-6ef2a0c7a111/v2.0',
      }),
      'of the first version of the issuer': () => ({ iss: `https://sts.windows.net/${desk.teams.directory.tenant}/` }),
      'that another app asked for': () => ({ azp: 'd2c4a4de-6f0e-4b6e-8a43-6ef2a0c7a111' }),
      'of no app': () => ({ azp: undefined }),
      'of an app for itself': () => ({ scp: undefined, roles: ['access_as_user'] }),
      'for something else': () => ({ scp: 'access_as_user_not User.Read' }),
      'of nobody': () => ({ oid: undefined }),
      'that has expired': () => ({ exp: seconds() - 120 }),
      'that never expires': () => ({ exp: undefined }),
      'that is not valid yet': () => ({ nbf: seconds() + 600 }),
      'that was always valid': () => ({ nbf: undefined }),
    }
    for (const [what, claims] of Object.entries(bad))
      it(`takes no token ${what}`, async () => {
        assert.equal(await statusOf(`Bearer ${await tokenOf(people.full, claims())}`), 401)
      })

    it('takes no token that is signed by somebody else, with the public key, or by nobody', async () => {
      const good = await tokenOf(people.full)
      const [, payload = ''] = good.split('.')
      const header = decodeProtectedHeader(good)
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const stranger = await generateKeyPair('RS256')
      const { keys }: Json = await (
        await fetch(`${desk.teams.url}/${desk.teams.directory.tenant}/discovery/v2.0/keys`)
      ).json()
      const published = await importJWK(keys[0], 'RS256', { extractable: true })
      assert.ok(!(published instanceof Uint8Array))
      const secret = new TextEncoder().encode(await exportSPKI(published))
      const none = Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')
      for (const token of [
        await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(stranger.privateKey),
        await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(secret),
        `${none}.${payload}.`,
        `${none}.${payload}`,
        `${good}x`,
        await desk.teams.token(),
      ])
        assert.equal(await statusOf(`Bearer ${token}`), 401, token)
      for (const header of ['', 'Bearer', 'Bearer ', `Basic ${good}`]) assert.equal(await statusOf(header), 401, header)
    })

    it('at every door that says something about devices', async () => {
      for (const path of ['ask', 'file']) assert.equal((await post(path, { verb: 'find', data: {} })).status, 401)
      assert.equal((await fetch(`${desk.url()}/tab/api/events`)).status, 401)
    })
  })

  describe('takes requests', () => {
    const sent = async (headers: Record<string, string>) =>
      (await post('ask', { verb: 'whoami', data: {} }, { ...(await bearer(people.full)), ...headers })).status

    it('of its own page only', async () => {
      assert.equal(await sent({ origin: 'https://desk.contoso.com' }), 200)
      for (const origin of ['https://evil.example', 'http://desk.contoso.com.evil.example', 'null'])
        assert.equal(await sent({ origin }), 403, origin)
    })

    it('as JSON that it understands', async () => {
      assert.equal(await sent({ 'content-type': 'text/plain' }), 415)
      const headers = await bearer(people.full)
      for (const body of [{}, { verb: 1, data: {} }, { verb: 'find', data: { text: { $ne: 1 } } }, []])
        assert.equal((await post('ask', body, headers)).status, 400, JSON.stringify(body))
      assert.equal((await post('ask', undefined, headers, '{')).status, 400)
      assert.equal((await post('ask', undefined, headers, JSON.stringify({ verb: 'x'.repeat(300_000) }))).status, 413)
    })

    it('under no other address than those that it has', async () => {
      for (const path of [
        '/tab/none',
        '/tab/api/ask',
        '/tab/assets/../../package.json',
        '/tab/assets/none.js',
        '/tab/',
      ])
        assert.equal((await fetch(`${desk.url()}${path}`)).status, 404, path)
    })
  })

  describe('answers', () => {
    it('what the bot answers, with the same rights', async () => {
      const { card } = await ask(people.helpdesk, 'device', { ref: 'adele_iPhone' })
      const { card: chat } = await chatOf(desk, people.helpdesk).say('device adele_iPhone')
      assert.equal(textOf(card), textOf(chat))
      assert.deepEqual(card.actions, chat.actions)
      const refused = await ask(people.nobody, 'device', { ref: 'adele_iPhone' })
      assert.match(textOf(refused.card), /Collection\.ReadResource/)
      assert.match(textOf((await ask(people.helpdesk, 'policy-set', { setting: 'x', value: '1' })).card), /Site\./)
    })

    it('a table over the whole fleet in the order and from the place that is wanted', async () => {
      const page = (page: number, sort: string) => ask(people.full, 'find', { page, rows: 100, sort }, { plain: true })
      const { data } = await page(20, 'model')
      assert.deepEqual([data.total, data.rows.length], [2000, 100])
      const models = data.rows.map(({ model }: Json) => model)
      assert.deepEqual(models, models.toSorted(new Intl.Collator('en', { numeric: true }).compare))
      assert.notEqual((await page(1, '-model')).data.rows[0].model, (await page(1, 'model')).data.rows[0].model)
      assert.equal((await ask(people.full, 'find', { rows: 101 }, { plain: true })).template, 'notice')
    })

    it('and records every look-up once, however often the page repeats it', async () => {
      const looks = async () => (await desk.audit()).filter(({ target }) => target === 'text:recorded').length
      const again = () => ask(people.full, 'find', { text: 'recorded' }, { automatic: true, plain: true })
      await again()
      await again()
      await ask(people.approver, 'find', { text: 'recorded' }, { automatic: true })
      await ask(people.full, 'find', { text: 'recorded' })
      assert.equal(await eventually(async () => (await looks()) >= 3 && looks()), 3)
    })

    it('a press by itself with nothing done', async () => {
      const writes = writesOf(desk)
      await writes()
      const { card } = await ask(
        people.helpdesk,
        'block',
        { ref: 'gwen_iPhone', reason: 'lost it' },
        { automatic: true },
      )
      assert.match(textOf(card), /a refresh changes nothing/)
      assert.deepEqual(await writes(), [])
    })

    it('with files, which hold the rights of whoever asks', async () => {
      const csv = { verb: 'report', data: { which: 'os', csv: 'csv' } }
      const response = await post('file', csv, await bearer(people.full))
      assert.match(response.headers.get('content-type') ?? '', /^text\/csv/)
      assert.match(
        response.headers.get('content-disposition') ?? '',
        /^attachment; filename\*=UTF-8''os-\d{4}-\d\d-\d\d\.csv$/,
      )
      assert.equal((await response.text()).trim().split('\r\n').length, 2001)
      assert.equal((await post('file', csv, await bearer(people.nobody))).status, 404)
    })

    it('the record as far back as one likes, each record once', async () => {
      for (let n = 0; n < 9; n += 1) await ask(people.approver, 'find', { text: `page by page ${n}` })
      const read = async (data: object) =>
        (await ask(people.full, 'audit', data, { plain: true, automatic: true })).data
      // Nobody waits for the record of a look-up, and it lies in its file before it is durable and shown.
      await eventually(async () => (await read({ text: 'page by page 8' })).rows.length > 0)
      const seen: string[] = []
      const pages = async (before?: number): Promise<void> => {
        const found = await read({ text: 'page by page', rows: 4, ...(before && { before }) })
        seen.push(...found.rows.map(({ what }: Json) => what))
        if (found.older !== undefined) await pages(found.older)
      }
      await pages()
      const expected = Array.from({ length: 9 }, (_, n) => `find text:page by page ${8 - n}`)
      assert.deepEqual(
        seen.filter((what) => what.startsWith('find')),
        expected,
      )
      const { card } = await ask(people.full, 'audit', { text: 'page by page', rows: 4 })
      const [older] = card.actions
      const next = await ask(people.full, older.verb, { ...older.data, rows: 4 })
      assert.match(textOf(next.card), /page by page/)
    })

    it('whether the record is whole', async () => {
      const { data } = await ask(people.full, 'audit', { check: true }, { plain: true })
      assert.equal(data.whole, true)
      assert.match(data.text, /^The chain is whole: \d+ records\.$/)
      assert.match((await ask(people.helpdesk, 'audit', { check: true }, { plain: true })).data.text, /Audit\.Read/)
    })
  })

  describe('tells what changes', () => {
    /** What somebody's page hears, as it comes. */
    async function listen(name: string, claims: JWTPayload = {}) {
      const heard: string[] = []
      const { promise, resolve } = Promise.withResolvers<number>()
      const ended = Promise.withResolvers<void>()
      const headers = { authorization: `Bearer ${await tokenOf(name, claims)}` }
      const call = request(`${desk.url()}/tab/api/events`, { headers }, (response) => {
        resolve(response.statusCode ?? 0)
        response.setEncoding('utf8').on('data', (text: string) => void heard.push(text))
        response.on('end', ended.resolve)
      })
      call.on('error', () => {}).end()
      return { status: await promise, heard, ended: ended.promise, stop: () => call.destroy() }
    }

    const hears = (heard: readonly string[], ...things: readonly string[]) =>
      eventually(() => things.every((thing) => heard.join('').includes(`"${thing}"`)))

    it('to every page, by what sort of thing it is and no more', async () => {
      const { status, heard, stop } = await listen(people.full)
      assert.equal(status, 200)
      await chatOf(desk, people.helpdesk).say('block bruno_Android lost in a taxi')
      const picked: Json = await ask(people.helpdesk, 'find', { text: 'bruno_Android' }, { plain: true })
      await ask(people.helpdesk, 'block', { ref: picked.data.rows[0].press.ref, reason: 'lost in a taxi' })
      await hears(heard, 'devices')
      const event = heard.find((text) => text.startsWith('data: ')) ?? ''
      assert.deepEqual(Object.keys(JSON.parse(event.slice('data: '.length))), ['changed'])
      assert.match(heard.join(''), /"devices"/)
      assert.doesNotMatch(heard.join(''), /bruno|taxi/i)
      stop()
    })

    it('also what nobody did here: what a read of Exchange finds, and what a team that is archived does not hear', async () => {
      const admin = await adminOf(desk)
      await chatOf(desk, people.full, 'Mobile devices').say('subscribe quarantine')
      const { heard, stop } = await listen(people.full)
      const archived = desk.teams.activity(people.full, 'Mobile devices', {
        type: 'conversationUpdate',
        channelData: { eventType: 'teamArchived' },
      })
      await desk.teams.raw(archived)
      await hears(heard, 'subscriptions')
      await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', PasswordHistory: 7 })
      await desk.control('POST', 'devices', { mailbox: 'adele', DeviceType: 'iPhone', DeviceModel: 'iPhone17C1' })
      await desk.sync()
      await hears(heard, 'devices', 'connector-states', 'policies', 'access-rules')
      stop()
    })

    it('so that pages show it again, without asking Exchange for each of them', async () => {
      const asked = async () =>
        (await desk.control('GET', 'calls')).filter(({ cmdlet }: Json) => /Policy|AccessRule/.test(cmdlet)).length
      const before = await asked()
      for (const verb of ['policy', 'rules']) {
        const again = await ask(people.full, verb, {}, { automatic: true })
        assert.match(textOf(again.card), /PasswordHistory 7|access rule/)
        assert.equal(await asked(), before)
      }
      for (const verb of ['policy', 'rules']) await ask(people.full, verb)
      assert.ok((await asked()) >= before + 2)
    })

    it('to nobody for longer than their token is good', async () => {
      const { status, ended } = await listen(people.full, { exp: Math.floor(Date.now() / 1000) - 30 })
      assert.equal(status, 200)
      await ended
    })

    it('until the bot stops, which does not wait for those who listen', async () => {
      const { ended } = await listen(people.approver)
      await desk.restart()
      await ended
    })
  })

  describe('has pages', () => {
    it('that only Teams may frame, and that run nothing but their own scripts', async () => {
      const response = await fetch(`${desk.url()}/tab`)
      const policy = response.headers.get('content-security-policy') ?? ''
      assert.match(policy, /script-src 'self';/)
      assert.match(
        policy,
        /frame-ancestors 'self' https:\/\/teams\.microsoft\.com https:\/\/\*\.teams\.microsoft\.com https:\/\/\*\.cloud\.microsoft/,
      )
      assert.doesNotMatch(policy, /unsafe|\*;/)
      assert.doesNotMatch(await response.text(), /<script(?![^>]* src=)|<style| style=| on\w+=/)
    })

    it('whose first load is at most 250 KB, each file with a name of its own content', async () => {
      const html = await (await fetch(`${desk.url()}/tab`)).text()
      let bytes = html.length
      const seen = new Set<string>()
      const follow = async (path: string): Promise<void> => {
        if (seen.has(path)) return
        seen.add(path)
        const response = await fetch(new URL(path, `${desk.url()}/tab`), { headers: { 'accept-encoding': 'gzip' } })
        assert.equal(response.status, 200, path)
        assert.match(response.headers.get('cache-control') ?? '', /immutable/)
        bytes += Number(response.headers.get('content-length'))
        for (const [, name] of (await response.text()).matchAll(/["'](?:\.\/)((?:signin|chunk)-\w+\.js)["']/g))
          await follow(`tab/assets/${name}`)
      }
      for (const [, path = ''] of html.matchAll(/(?:src|href)="(tab\/[^"]+)"/g)) await follow(path)
      assert.ok(seen.size >= 4, [...seen].join())
      assert.ok(bytes < 250 * 1024, `${bytes} bytes`)
    })

    it('about the app, its privacy and its terms', async () => {
      for (const [path, text] of [
        ['/', 'Device Desk'],
        ['/privacy', 'What it keeps'],
        ['/terms', 'Terms of use'],
      ] as const) {
        const response = await fetch(`${desk.url()}${path}`)
        assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
        assert.ok((await response.text()).includes(text))
      }
    })
  })

  it('lets one be a person of the demo, and nobody else', async () => {
    const all: Json = await (await fetch(`${desk.url()}/tab/api/people`)).json()
    assert.deepEqual(
      all.map(({ name }: Json) => name),
      Object.values(people),
    )
    const { token }: Json = await (await post('people', { id: all[0].id })).json()
    const answer: Json = await (
      await post('ask', { verb: 'whoami', data: {} }, { authorization: `Bearer ${token}` })
    ).json()
    assert.match(textOf(answer.card), /Helpdesk Operator/)
    assert.equal((await post('people', { id: 'd2c4a4de-6f0e-4b6e-8a43-6ef2a0c7a111' })).status, 404)
    assert.equal((await post('people', { id: all[0].id }, { origin: 'https://evil.example' })).status, 403)
  })
})
