import assert from 'node:assert/strict'
import { type Chat, chatOf } from '../commands/chat.ts'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

const collection = 'Phones of Adele'

describe('whoever administers one collection only', function () {
  this.timeout(120_000)
  let desk: TestDesk
  /** What gives away phones of others: their short ids, their names, and whose they are. */
  let hidden: string[]
  let theirs: { guid: string; shortId: string }[]
  /** The wipe of the first of theirs. */
  let request: string
  const full = () => chatOf(desk, people.full)
  const noah = () => chatOf(desk, people.nobody)

  before(async () => {
    desk = await startDesk({ RIGHTS_APPROVAL: 'off' })
    await full().say(`collection-add "${collection}" user = adele`)
    const { aadObjectId } = desk.teams.directory.people.find(({ name }) => name === people.nobody) as Json
    await full().say(`grant ${aadObjectId} "Operations Administrator" on "${collection}"`)
    await eventually(async () => /Operations Administrator/.test((await noah().say('whoami')).text))
    const asked = await full().say('find bruno_Android')
    const pages = await Promise.all(
      Array.from({ length: 20 }, (_, n) => tab(people.full, 'find', { rows: 100, page: n + 1 }, { plain: true })),
    )
    const rows = pages.flatMap(({ data }) => data.rows as Json[])
    assert.ok(rows.length > 1900 && asked.text.includes('Bruno'))
    const others = rows.filter(({ owner }) => !owner.startsWith('Adele'))
    const colleagues = new Set(desk.teams.directory.people.map(({ name }) => name))
    hidden = [...new Set(others.flatMap(({ shortId, owner, name }) => [shortId, owner, name]))].filter(
      (one) => !colleagues.has(one),
    )
    theirs = others.slice(0, 3).map(({ press, shortId }) => ({ guid: press.ref, shortId }))
    request = await askFor(full(), theirs[0])
  })
  after(() => desk.close())

  /** Asks for the wipe of a phone; resolves to the id of the request. */
  async function askFor(by: Chat, phone: { guid: string; shortId: string } | undefined): Promise<string> {
    assert.ok(phone)
    const { guid, shortId } = phone
    const { text } = await by.click(await by.say(`wipe ${guid} lost`), 'Ask for approval', { shortId })
    return /R\d+/.exec(text)?.[0] ?? assert.fail(text)
  }

  async function call(who: string, path: string, body: object): Promise<Response> {
    const person = desk.teams.directory.people.find(({ name }) => name === who)
    assert.ok(person)
    const { aadObjectId: id = '', name, email } = person
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${await desk.teams.personToken({ id, name, email })}`,
    }
    return fetch(`${desk.url()}/tab/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  const tab = async (who: string, verb: string, data: object, more: object = {}): Promise<Json> =>
    (await call(who, 'ask', { verb, data, ...more })).json()

  function assertSilent(what: string, said: string, typed = ''): void {
    for (const trace of hidden)
      if (!typed.includes(trace)) assert.ok(!said.includes(trace), `${what} tells ${trace}: ${said.slice(0, 2000)}`)
  }

  it('reads of no other phone in the tab, as a card, as data, by itself or in a file', async () => {
    const asks: [string, object][] = [
      ['find', { rows: 100 }],
      ['find', { text: 'iPhone', rows: 100, sort: '-model' }],
      ['status', {}],
      ['requests', { which: 'all' }],
      ...['request', 'approve', 'deny', 'withdraw'].map((verb): [string, object] => [
        verb,
        { id: request, v: 1, reason: 'no' },
      ]),
      ['brake', {}],
      ['collections', {}],
      ...['stale', 'legacy', 'os', 'access', 'wipes', 'exemptions', 'compliance'].map((which): [string, object] => [
        'report',
        { which, csv: 'csv' },
      ]),
      ...theirs.flatMap(({ guid }) =>
        ['device', 'block', 'wipe', 'delete', 'cancel-wipe'].map((verb): [string, object] => [verb, { ref: guid }]),
      ),
      ['rule-add', { level: 'block', characteristic: 'type', text: 'iPhone', connector: 'Contoso' }],
      ['default-access', { level: 'block', connector: 'Contoso' }],
      ['policy-set', { setting: 'Password.PasswordHistory', value: '9', connector: 'Contoso' }],
      ['connector-remove', { name: 'Contoso' }],
    ]
    assert.match(JSON.stringify(await tab(people.nobody, 'find', {}, { plain: true })), /adele_iPhone/)
    for (const [verb, data] of asks)
      for (const more of [{}, { plain: true }, { automatic: true }]) {
        const what = `${verb} ${JSON.stringify(data)} ${JSON.stringify(more)}`
        assertSilent(what, JSON.stringify(await tab(people.nobody, verb, data, more)), what)
        if ('csv' in data) assertSilent(what, await (await call(people.nobody, 'file', { verb, data, ...more })).text())
      }
  })

  it('finds no other phone in the compose box, in any chat', async () => {
    for (const where of ['personal', 'group', 'Mobile devices'])
      for (const value of ['', 'iPhone', 'bruno', ...theirs.map(({ guid }) => guid)]) {
        const query = { commandId: 'find', parameters: [{ name: 'text', value }] }
        const { body }: Json = await desk.teams.invoke(people.nobody, where, 'composeExtension/query', query)
        assertSilent(`a search for ${value}`, JSON.stringify(body), value)
      }
  })

  it('is given no other phone by the refresh of a card that somebody else posted', async () => {
    const posted = await chatOf(desk, people.full, 'group').say(`device ${theirs[0]?.guid}`)
    const answer: Json = await desk.teams.refresh(people.nobody, 'group', posted.id)
    assert.equal(answer.status, 200)
    assertSilent('a refresh', JSON.stringify(answer.body), theirs[0]?.guid)
  })

  it('is told how many wipes a change of the site ends or keeps from arriving, and not which', async () => {
    const { text } = await noah().say('connector-remove Contoso')
    assert.match(text, /Remove Contoso\?[\s\S]*And\n\d more wipe/)
    assertSilent('connector-remove', text)
    const approver = chatOf(desk, people.approver)
    await approver.click(await approver.say(`request ${request}`), 'Approve')
    const risky = await noah().say('default-access block')
    assert.match(risky.text, /A wipe that is under way may not arrive[\s\S]*Wipes at risk\n.*1 more/)
    assertSilent('default-access', risky.text)
  })

  it('hears of no other phone in a channel', async () => {
    const general = chatOf(desk, people.nobody, 'General')
    assert.match(
      (await general.say('subscribe access wipes approvals')).text,
      /You need the permission Collection.ReadResource/,
    )
    await general.say(`subscribe access wipes approvals quarantine collection:"${collection}"`)
    const [mine]: Json[] = (await tab(people.nobody, 'find', {}, { plain: true })).data.rows
    await askFor(full(), theirs[1])
    const id = await askFor(full(), { guid: mine.press.ref, shortId: mine.shortId })
    const { text } = await general.finds(new RegExp(`${id}\\nWaiting`))
    assert.match(text, /Adele Fontaine/)
    const told = desk.teams.messages(people.nobody, 'General').map((one: Json) => textOf(one.attachments))
    assertSilent('a notice', told.join('\n'))
  })
})
