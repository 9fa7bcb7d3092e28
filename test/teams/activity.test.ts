import assert from 'node:assert/strict'
import { ActivitySchema, unknownIn, wordsOf } from '../../src/teams/activity.ts'
import { placeOf } from '../../src/teams/place.ts'

const bot = { id: '28:bot', name: 'Device Desk' }
const activity = (fields: object) =>
  ActivitySchema.parse({
    type: 'message',
    id: '1',
    channelId: 'msteams',
    serviceUrl: 'https://smba.trafficmanager.net/emea/',
    conversation: { id: 'a:1', conversationType: 'personal', tenantId: 'T' },
    from: { id: '29:ann' },
    recipient: bot,
    ...fields,
  })
const mention = (name: string, id: string, more: object = {}) => ({
  type: 'mention',
  text: `<at>${name}</at>`,
  mentioned: { id, name, ...more },
})

describe('the words of an activity', () => {
  const words = (text: unknown, more: object = {}) => wordsOf(activity({ text, ...more }))

  it('are those of the text, without the mention of the bot', () => {
    const entities = [mention('Device Desk', bot.id), { type: 'clientInfo' }]
    for (const text of [
      '<at>Device Desk</at> find ann',
      'find <at>Device Desk</at>ann',
      '<at>Device Desk</at>&nbsp;find\u00a0 ann\r\n',
    ])
      assert.equal(words(text, { entities }), 'find ann')
  })

  it('name other people by the ids of their mentions', () => {
    const id = '0d4c7e52-91ab-4f3e-a6d8-57b2c9e01f34'
    const entities = [
      mention('Device Desk', bot.id),
      mention('Ann', '29:ann'),
      mention('Bob', '29:bob', { aadObjectId: id }),
    ]
    assert.equal(
      words('<at>Device Desk</at> grant <at>Ann</at> and <at>Bob</at>', { entities }),
      `grant 29:ann and ${id}`,
    )
  })

  it('name people by the Entra ids that were found, where their mentions carry none', () => {
    const entities = [mention('Device Desk', bot.id), mention('Ann', '29:ann'), mention('Bob', '29:bob')]
    const said = activity({ text: '<at>Device Desk</at> grant <at>Ann</at> and <at>Bob</at>', entities })
    assert.deepEqual(unknownIn(said), ['29:ann', '29:bob'])
    assert.equal(wordsOf(said, new Map([['29:ann', 'the id of Ann']])), 'grant the id of Ann and 29:bob')
  })

  it('keep two people of one name apart, and a person who is mentioned once and named twice together', () => {
    const text = 'grant <at>Ann</at> like <at>Ann</at>'
    assert.equal(words(text, { entities: [mention('Ann', '29:a'), mention('Ann', '29:b')] }), 'grant 29:a like 29:b')
    assert.equal(words(text, { entities: [mention('Ann', '29:a')] }), 'grant 29:a like 29:a')
  })

  it('do without a mention of the bot also where nobody says to whom it went', () => {
    for (const recipient of [undefined, null, {}, 'bot', { id: 'another' }])
      assert.equal(
        words('<at>Device Desk</at> find ann', { recipient, entities: [mention('Device Desk', bot.id)] }),
        'find ann',
      )
  })

  it('take nobody for mentioned because of what was typed', () => {
    assert.equal(words('grant <at>Ann</at> x'), 'grant Ann x')
    assert.equal(words('$& $1', { entities: [mention('x', '$&')] }), '$& $1')
  })

  it('keep what people typed between angle brackets, except where Teams sends markup', () => {
    assert.equal(words('block x seen <here> & there'), 'block x seen <here> & there')
    assert.equal(words('<p>block <b>x</b></p>', { textFormat: 'xml' }), 'block x')
  })

  it('are none where there is no text', () => {
    for (const text of [undefined, null, 7, {}, '', ' \n']) assert.equal(words(text), '')
  })

  it('are not torn apart by a mention of nothing', () => {
    assert.equal(
      words('find ann', { entities: [{ type: 'mention', text: '', mentioned: { id: '29:x' } }] }),
      'find ann',
    )
    for (const entities of [null, {}, [null], [{ type: 'mention' }], 'x'])
      assert.equal(words('find ann', { entities }), 'find ann')
  })
})

describe('the place of an activity', () => {
  const scope = (conversation: object) => placeOf(activity({ conversation: { id: 'x', ...conversation } })).scope

  it('is private only where Teams says so', () => {
    assert.equal(scope({ conversationType: 'personal' }), 'personal')
    assert.equal(scope({ conversationType: 'groupChat', isGroup: true }), 'groupChat')
    assert.equal(scope({ conversationType: 'channel', isGroup: true }), 'channel')
    assert.equal(scope({ conversationType: 'meeting' }), 'groupChat')
    assert.equal(scope({}), 'groupChat')
    assert.equal(scope({ isGroup: false }), 'personal')
    assert.equal(scope({ conversationType: 'channel', isGroup: false }), 'channel')
  })

  it('keeps thread, tenant and the account of the bot', () => {
    const place = placeOf(
      activity({ conversation: { id: '19:x;messageid=1' }, channelData: { tenant: { id: 'ABC' } } }),
    )
    assert.deepEqual([place.conversation, place.tenant, place.bot], ['19:x;messageid=1', 'abc', '28:bot'])
  })
})
