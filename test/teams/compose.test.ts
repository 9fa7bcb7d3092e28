import assert from 'node:assert/strict'
import { CardSchema } from '../cards/schema.ts'
import { chatOf, writesOf } from '../commands/chat.ts'
import { type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

describe('the compose box', () => {
  let desk: TestDesk
  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())

  /** The recorded shape of a search ("Search command", message extensions of the Teams documentation). */
  const query = (text?: string, queryOptions = { skip: 0, count: 25 }) => ({
    commandId: 'find',
    parameters: text === undefined ? [{ name: 'initialRun', value: 'true' }] : [{ name: 'text', value: text }],
    queryOptions,
  })
  async function search(who: string, value: unknown, where = 'group'): Promise<Json> {
    const { status, body }: Json = await desk.teams.invoke(who, where, 'composeExtension/query', value)
    assert.equal(status, 200)
    return body.composeExtension
  }

  it('finds devices in any chat, each with a preview and a card', async () => {
    for (const where of ['personal', 'group', 'Mobile devices']) {
      const { type, attachmentLayout, attachments } = await search(people.helpdesk, query('adele'), where)
      assert.deepEqual([type, attachmentLayout, attachments.length], ['result', 'list', 2])
      for (const { contentType, content, preview } of attachments) {
        assert.equal(contentType, 'application/vnd.microsoft.card.adaptive')
        CardSchema.parse(content)
        assert.equal(preview.contentType, 'application/vnd.microsoft.card.thumbnail')
        assert.match(preview.content.title, /Adele Fontaine/)
      }
    }
  })

  it('shows as many as Teams asks for, from where it asks for them, and some before anything is typed', async () => {
    const names = async (value: object) =>
      (await search(people.full, value)).attachments.map(({ content }: Json) => textOf(content))
    const first = await names(query('iphone'))
    assert.equal(first.length, 25)
    const next = await names(query('iphone', { skip: 25, count: 25 }))
    assert.deepEqual(next.length, 25)
    assert.equal(new Set([...first, ...next]).size, 50)
    assert.equal((await names(query())).length, 25)
    assert.equal((await names({ ...query('iphone'), queryOptions: null })).length, 25)
    assert.equal((await names({ commandId: 'find', parameters: null })).length, 25)
    assert.equal((await names(query('iphone', { skip: 0, count: 200 }))).length, 50)
    assert.deepEqual(await names(query('iphone', { skip: 10_000, count: 25 })), [], 'there is an end')
  })

  it('posts nothing that the chat may not see', async () => {
    const text = JSON.stringify(await search(people.full, query('ADELE0N4LTU6QV8B2KCE5M1SGH'), 'personal'))
    assert.match(text, /adele_iPhone/)
    for (const secret of ['ADELE0N4LTU6QV8B2KCE5M1SGH', 'adele@contoso.com', '5678']) assert.ok(!text.includes(secret))
  })

  it('asks everybody who presses a posted card what they may do', async () => {
    const { attachments } = await search(people.full, query('adele_iPhone'))
    const [action] = attachments[0].content.actions
    const press = async (who: string) => {
      const { id } = await chatOf(desk, people.full, 'group').say('whoami')
      const { body }: Json = await desk.teams.press(who, 'group', id, action.verb, action.data)
      return textOf(body.value)
    }
    assert.match(await press(people.helpdesk), /adele_iPhone/)
    assert.doesNotMatch(await press(people.nobody), /adele_iPhone/)
  })

  it('answers those who may see no device, and searches without a hit, with a sentence', async () => {
    assert.match((await search(people.nobody, query('adele'))).text, /Collection\.ReadResource/)
    const { type, text } = await search(people.helpdesk, query('nobody has this'))
    assert.deepEqual([type, /Nothing matches/.test(text)], ['message', true])
  })

  it('takes no search that it does not know', async () => {
    for (const value of [undefined, {}, { ...query('x'), commandId: 'wipe' }, { ...query('x'), parameters: 'x' }])
      assert.equal((await desk.teams.invoke(people.full, 'group', 'composeExtension/query', value)).status, 501)
  })
})

describe('dialogs', () => {
  let desk: TestDesk
  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())

  const openerOf = ({ card }: Json): Json => card.actions.find(({ type }: Json) => type === 'Action.Submit')
  const submitsOf = (card: Json): Json[] =>
    JSON.stringify(card).includes('"Action.Execute"')
      ? assert.fail('Teams runs no Action.Execute in a dialog')
      : card.actions
  async function dialogOf(answer: Promise<{ status: number; body: unknown }>): Promise<Json> {
    const { status, body }: Json = await answer
    assert.equal(status, 200)
    assert.equal(body.task.type, 'continue')
    assert.equal(body.task.value.card.contentType, 'application/vnd.microsoft.card.adaptive')
    return body.task.value.card.content
  }

  const forms: readonly { what: string; words: string; press: readonly [string, object] }[] = [
    { what: 'a connector', words: 'connectors', press: ['connector-add', { kind: 'online' }] },
    { what: 'a policy group', words: 'policy', press: ['policy-set', { group: 'Password', connector: 'Contoso' }] },
    { what: 'an access rule', words: 'rules', press: ['rule-add', {}] },
    { what: 'a collection', words: 'collections', press: ['collection-add', {}] },
    { what: 'a role', words: 'roles', press: ['role-copy', {}] },
  ]
  for (const { what, words, press } of forms)
    it(`open for ${what}, with the inputs of its form in chat`, async () => {
      const viktor = chatOf(desk, people.full)
      const said = await viktor.say(words)
      const form = await viktor.press(said, ...press)
      const opener = openerOf(form)
      assert.equal(opener.data.msteams.type, 'task/fetch')
      const card = await dialogOf(desk.teams.submit(people.full, 'personal', form.id, opener.data))
      const inputs = (all: Json) => JSON.stringify(all).match(/"id":"[^"]+"/g)
      assert.deepEqual(inputs(card.body), inputs(form.card.body))
      assert.ok(submitsOf(card).every(({ type }) => type === 'Action.Submit'))
    })

  it('carry out what was filled in, say it there, and bring posted cards up to date', async () => {
    const viktor = chatOf(desk, people.full)
    const rules = await viktor.say('rules')
    const form = await viktor.press(rules, 'rule-add', {})
    const writes = writesOf(desk)
    await writes()
    let card = await dialogOf(desk.teams.submit(people.full, 'personal', form.id, openerOf(form).data))
    const typed = { access: 'block', characteristic: 'model', text: 'Nokia 3310' }
    const names = [...JSON.stringify(card.body).matchAll(/"id":"([^"]+)"/g)].map(([, name = '']) => name)
    const values = Object.fromEntries(names.map((name, at) => [name, Object.values(typed)[at] ?? '']))
    const written: Json[] = []
    while (written.length === 0) {
      const [submit] = submitsOf(card)
      card = await dialogOf(desk.teams.submitDialog(people.full, 'personal', form.id, { ...submit.data, ...values }))
      written.push(...(await writes()))
      assert.ok(submit.data.verb === 'rule-add', textOf(card))
    }
    assert.match(JSON.stringify(written), /AccessRule.*Nokia 3310/)
    assert.match(textOf(card), /Nokia 3310/)
  })

  it('let nobody do what they may not', async () => {
    const data = { verb: 'rule-add', data: {}, msteams: { type: 'task/fetch' } }
    const { id } = await chatOf(desk, people.helpdesk).say('whoami')
    assert.match(textOf(await dialogOf(desk.teams.submit(people.helpdesk, 'personal', id, data))), /Site\.Modify/)
    const submitted = desk.teams.submitDialog(people.nobody, 'personal', id, { verb: 'find', data: {} })
    assert.match(textOf(await dialogOf(submitted)), /Collection\.ReadResource/)
  })

  it('say when they cannot read what was sent', async () => {
    for (const value of [undefined, {}, { data: 'x' }, { data: { verb: 7 } }]) {
      const { status, body }: Json = await desk.teams.invoke(people.full, 'personal', 'task/submit', value)
      assert.deepEqual([status, body.task.type], [200, 'message'])
    }
  })
})
