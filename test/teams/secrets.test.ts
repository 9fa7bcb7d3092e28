import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Json, people, startDesk, type TestDesk } from '../desk.ts'

/** Words of people that are nobody's business. */
const diary = 'dear diary, today I lost it'

describe('secrets, tokens and what people write', () => {
  let desk: TestDesk
  let secrets: string[]

  /** Uses everything once, and lets everything fail once that knows a secret. */
  before(async () => {
    desk = await startDesk({}, { unsigned: true })
    const contoso = (await desk.control('GET', 'organizations')).find(({ name }: Json) => name === 'Contoso')
    secrets = [contoso.secret, desk.teams.settings.MicrosoftAppPassword]
    const say = (text: string, who: string = people.helpdesk, where = 'personal') => desk.teams.say(who, where, text)
    const fault = (cmdlet: string, then: string, more: object = {}) =>
      desk.control('POST', 'faults', { cmdlet, then, ...more })

    for (const text of ['help', 'whoami', 'status', 'find adele', 'device adele_iPhone', 'user adele', diary])
      for (const where of ['personal', 'group']) await say(text, people.helpdesk, where)
    await say(`block adele_iPhone ${diary}`)
    await say(`block adele_iPhone ${diary}`, people.nobody)

    for (const then of ['lost-before', 'lost-after', 'garbled', 'status']) {
      await fault('Set-CASMailbox', then)
      await say('reset adele_iPhone')
    }
    await fault('Set-CASMailbox', 'status', { status: 429 })
    await say('allow adele_iPhone')

    for (const status of [400, 401, 403, 404, 413, 500]) {
      desk.teams.fault({ operation: 'reply', effect: 'status', status })
      desk.teams.fault({ operation: 'update', effect: 'status', status })
      await say(`device carla_Android`)
      await say(`block carla_Android ${diary}`)
      desk.teams.clearFaults()
    }

    const activity = { ...desk.teams.activity(people.full, 'personal', { type: 'message' }), text: diary }
    for (const token of Object.values(await desk.teams.badTokens())) await desk.teams.raw(activity, token)
    await desk.teams.raw({ ...activity, serviceUrl: 'https://service.example/' })
    await desk.teams.raw({ ...activity, conversation: { id: 'x', tenantId: '11111111-2222-3333-4444-555555555555' } })
    await desk.teams.raw({ text: diary })

    await desk.control('DELETE', 'tokens')
    await desk.control('POST', 'organizations/Contoso', { secret: 'changed' })
    await say('allow adele_iPhone')
    await desk.control('POST', 'organizations/Contoso', { secret: contoso.secret })
    await desk.restart()
  })
  after(() => desk.close())

  const assertNone = (where: string, text: string, ...words: readonly string[]) => {
    assert.ok(text.length > 100, `${where} was looked at`)
    for (const word of [...secrets, ...words]) {
      const at = text.indexOf(word)
      assert.equal(at, -1, `${where}: ${text.slice(Math.max(0, at - 200), at + 100)}`)
    }
    const token = /\beyJ[\w-]{10,}\.[\w-]{10,}/.exec(text)
    assert.equal(
      token,
      null,
      `${where}: a token at ${text.slice(Math.max(0, (token?.index ?? 0) - 200), token?.index)}`,
    )
  }

  it('are not in the log', () => {
    const log = desk.logged.join('')
    for (const told of ['refused an activity', 'a copy could not be edited', 'turn failed', 'AADSTS7000215'])
      assert.ok(log.includes(told), `the failures were logged: ${told}`)
    assertNone('log', log, diary)
  })

  it('are not in the record, where only the reason is in the words of whoever gave it', async () => {
    const records = await desk.audit()
    assertNone('audit', JSON.stringify(records.map(({ reason: _, ...record }) => record)), diary, 'diary')
    assert.ok(records.some(({ reason }) => reason === diary))
  })

  it('are not in what was stored', async () => {
    const store = join(desk.folder, 'store')
    const files = (await readdir(store, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && !entry.name.endsWith('.tmp'),
    )
    const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))
    assertNone('store', texts.join('\n'))
  })

  it('are not in cards', () => {
    assertNone('cards', JSON.stringify(desk.teams.calls.map(({ body }) => body)))
  })
}).timeout(60_000)
