import assert from 'node:assert/strict'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'
import { adminOf, chatOf } from './chat.ts'

describe('the quarantine desk', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
    const admin = await adminOf(desk)
    await desk.control('POST', 'mailboxes', { Alias: 'mira', DisplayName: 'Mira Holm' })
    await desk.control('POST', 'devices', { mailbox: 'mira', DeviceModel: 'iPhone17C3', DeviceId: 'MIRAOLD' })
    await admin('New-ActiveSyncDeviceAccessRule', {
      AccessLevel: 'Quarantine',
      Characteristic: 'DeviceModel',
      QueryString: 'iPhone17C3',
    })
  })
  after(() => desk.close())

  it('shows a phone that waits with Allow, Block and what its owner has, as one card in the channel', async () => {
    const chat = chatOf(desk, people.full, 'General')
    await chat.say('subscribe quarantine')
    const about = { mailbox: 'mira', DeviceModel: 'iPhone17C3', DeviceId: 'MIRANEW' }
    const { Guid } = await desk.control('POST', 'devices', about)
    await desk.sync()
    const message = await eventually(
      () => desk.teams.messages(people.full, 'General').find((one) => JSON.stringify(one.attachments).includes(Guid)),
      60,
    )
    const card: Json = message.attachments[0]?.content
    assert.match(textOf(card), /Mira Holm/)
    assert.match(textOf(card), /The same phone as [0-9a-f]{8}, which is allowed: its mail app was installed anew/)
    assert.match(textOf(card), /Has as well\niPhone 16 · iOS 26\.1.* · allowed · [0-9a-f]{8}/)
    assert.doesNotMatch(textOf(card), /MIRANEW|MIRAOLD|mira@contoso/)
    const { body } = (await desk.teams.refresh(people.full, 'General', message.id)) as Json
    const verbs = body.value.actions.map(({ verb }: Json) => verb)
    assert.deepEqual(verbs.slice(0, 2), ['allow', 'block'])
  })

  it('says so when its owner has nothing else', async () => {
    await desk.control('POST', 'mailboxes', { Alias: 'solo' })
    await desk.control('POST', 'devices', { mailbox: 'solo', DeviceModel: 'iPhone17C3' })
    await desk.sync()
    const chat = chatOf(desk, people.full)
    const { text } = await eventually(async () => {
      const found = await chat.say('device solo_iPhone')
      return /Quarantined/.test(found.text) && found
    }, 60)
    assert.match(text, /Has as well\nno other device/)
  })
})
