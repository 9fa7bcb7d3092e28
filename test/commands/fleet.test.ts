import assert from 'node:assert/strict'
import { eventually, people, startDesk, type TestDesk } from '../desk.ts'
import { chatOf } from './chat.ts'

describe('the fleet in chat', () => {
  let desk: TestDesk
  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())

  const helpdesk = () => chatOf(desk, people.helpdesk)

  it('tells devices of one name apart by model and short id', async () => {
    const { text } = await helpdesk().say('device bruno_Android')
    assert.match(text, /Which one\?/)
    const ids = text.match(/\b[0-9a-f]{8}\b/g) ?? []
    assert.equal(new Set(ids).size, 2)
    assert.match(text, /Pixel 9 Pro/)
    assert.match(text, /Pixel 7/)
    assert.match((await helpdesk().say(`device ${ids[0]}`)).text, /^bruno_Android/)
  })

  it('flags a phone of two mailboxes as transferred or shared, with what to do', async () => {
    const { text } = await helpdesk().say('device farid_iPhone')
    assert.match(text, /Transferred or shared\n● In use as frontdesk_iPhone \([0-9a-f]{8}\) as well\./)
    assert.match(text, /delete its old record before the new owner sets up mail/)
    assert.doesNotMatch((await helpdesk().say('device adele_iPhone')).text, /Transferred or shared/)
  })

  it('finds by every word that one may know, and asks back after a typo', async () => {
    for (const words of ['adele', 'Fontaine', 'adele@', 'ADELE0N4', '+351912345678', 'adele iphone'])
      assert.match((await helpdesk().say(`find ${words}`)).text, /adele_iPhone/, words)
    assert.match((await helpdesk().say('find adlee fontaine')).text, /Did you mean Adele Fontaine\?/)
  })

  it('shows ignored devices by their own name and when asked for silent ones, and nowhere else', async () => {
    const admin = chatOf(desk, people.full)
    await eventually(async () => /bruno_Android/.test((await helpdesk().say('find bruno stale:40')).text), 60)
    await admin.say('connector-edit Contoso maximumInactiveDays:40')
    await eventually(async () => /^1 device/.test((await helpdesk().say('find bruno android')).text), 60)
    assert.match((await helpdesk().say('user bruno@contoso.com')).text, /1 device, and 1 ignored/)
    const { text } = await helpdesk().say('find bruno_Android')
    assert.match(text, /^2 devices/)
    const silent = await helpdesk().say('find bruno stale:40')
    assert.match(silent.text, /^1 device/)
    const [id] = silent.text.match(/\b[0-9a-f]{8}\b/) ?? []
    assert.match((await helpdesk().say(`device ${id}`)).text, /Ignored\nSilent for so long/)

    const shown = await helpdesk().say(`wipe ${id} left in a taxi`)
    await helpdesk().click(shown, 'Ask for approval', { shortId: id })
    assert.match(
      (await helpdesk().say('find bruno android')).text,
      /^2 devices/,
      'one with an open request is not ignored',
    )
  }).timeout(120_000)
})
