import assert from 'node:assert/strict'
import { type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { type Admin, adminOf, type Chat, chatOf, type Seen, writesOf } from './chat.ts'

describe('a change for more devices than one person may shut out', () => {
  let desk: TestDesk
  let chat: Chat
  let helpdesk: Chat
  let approver: Chat
  let admin: Admin
  let writes: ReturnType<typeof writesOf>

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '3', APPROVER_REST: '0' })
    chat = chatOf(desk, people.full)
    helpdesk = chatOf(desk, people.helpdesk)
    approver = chatOf(desk, people.approver)
    admin = await adminOf(desk)
    writes = writesOf(desk)
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      await desk.control('POST', 'mailboxes', { Alias: `mass${n}` })
      const DeviceModel = n > 7 ? 'Massother' : n > 5 ? 'Masssmall' : 'Masslarge'
      await desk.control('POST', 'devices', { mailbox: `mass${n}`, DeviceModel, DeviceId: `massphone${n}` })
    }
    await desk.sync()
  })
  after(() => desk.close())
  beforeEach(() => writes())

  const idOf = ({ text }: Seen) => /R\d{4}/.exec(text)?.[0] ?? ''
  const buttonsOf = ({ card }: Seen) => (card.actions ?? []).map(({ title }: Json) => title)
  const approve = async (request: Seen, by = approver) => by.click(await by.say(`approve ${idOf(request)}`), 'Approve')
  /** Who asked gets a receipt. */
  const done = (request: Seen, by = chat) => by.finds(new RegExp(`${idOf(request)}: done`))
  const written = async () => (await writes()).map(({ cmdlet }) => cmdlet)

  it('is made by one person where it shuts out few, or lets more in', async () => {
    for (const words of ['rule-add block model Masssmall', 'rule-add allow model Masslarge']) {
      const preview = await chat.say(words)
      assert.doesNotMatch(preview.text, /Two people/)
      assert.match((await chat.click(preview, 'Set the rule')).text, /Done; Exchange shows it so/)
    }
    await chat.click(await chat.say('rule-remove Masslarge(DeviceModel)'), 'Remove the rule')
  })

  describe('where nobody else could approve it', () => {
    it('says so, waits with a Stop button, and tells who listens for security', async () => {
      const channel = chatOf(desk, people.full, 'General')
      await channel.say('subscribe security')
      const preview = await chat.say('rule-add block model Masslarge')
      assert.match(preview.text, /Two people\n.*Another holder of Site\.Modify must approve this/)
      const request = await chat.click(preview, 'Set the rule')
      assert.match(request.text, /Nobody else holds Site\.Modify, so it goes ahead in ten minutes unless it is stopped/)
      assert.match(request.text, /Masslarge\(DeviceModel\)\n?.*no rule → Block/)
      assert.deepEqual(buttonsOf(request), ['Stop'])
      await channel.finds(/Block by DeviceModel “Masslarge” for Contoso/)
      const stopped = await chat.click(request, 'Stop')
      assert.match(stopped.text, /Withdrawn/)
      assert.deepEqual(await writes(), [])
    })

    it('is stopped by who looks after security', async () => {
      const request = await chat.click(await chat.say('default-access block'), 'Set the default')
      const security = chatOf(desk, people.security)
      const seen = await security.say(`request ${idOf(request)}`)
      assert.deepEqual(buttonsOf(seen), ['Stop'])
      const form = await security.click(seen, 'Stop')
      await security.click(form, 'Deny', { reason: 'not on a Monday' })
      await chat.finds(new RegExp(`${idOf(request)}: denied[^]*Denied by Ines Duarte`))
      assert.deepEqual(await writes(), [])
    })
  })

  describe('with a second person', () => {
    before(async () => {
      const grant = await chat.say('grant omar.haddad@contoso.com Infrastructure Administrator on All Mobile Devices')
      await approve(grant, chatOf(desk, people.security))
      await done(grant)
    })

    it('is made when that person approves it, and the record names both', async () => {
      const request = await chat.click(await chat.say('rule-add block model Masslarge'), 'Set the rule')
      assert.deepEqual([buttonsOf(request), await written()], [['Withdraw'], []])
      assert.match((await helpdesk.say(`approve ${idOf(request)}`)).text, /I know no request/)
      await approve(request)
      await done(request)
      assert.deepEqual(await written(), ['New-ActiveSyncDeviceAccessRule'])
      const records = await desk.audit()
      const started = records.find(({ note, outcome }) => note === idOf(request) && outcome === 'started')
      assert.deepEqual([started?.command, records.find(({ of }) => of === started?.n)?.outcome], ['rule-add', 'done'])
      assert.ok(records.some(({ command, target }) => command === 'approve' && target?.includes(idOf(request))))
    })

    it('is always one when it is the default access level', async () => {
      const preview = await chat.say('default-access quarantine')
      assert.match(preview.text, /Two people/)
      const request = await chat.click(preview, 'Set the default')
      await approve(request)
      await done(request)
      assert.deepEqual(await written(), ['Set-ActiveSyncOrganizationSettings'])
      assert.match((await chat.say('rules')).text, /default access level: Contoso: Quarantine/)
      const back = await chat.click(await chat.say('default-access allow'), 'Set the default')
      await approve(back)
      await done(back)
    })

    it('counts the devices under the policy where clients that cannot enforce it are cut off', async () => {
      const cut = await chat.click(await chat.say('policy-set General.AllowNonProvision false'), 'Write to Exchange')
      await approve(cut)
      await done(cut)
      assert.deepEqual(await written(), ['Set-MobileDeviceMailboxPolicy'])
      assert.match((await chat.say('policy-set Password.PasswordEnabled true')).text, /Two people/)
      assert.match((await chat.say('policy-undo')).text, /Two people/)
    })

    it('is not made when it would do something else than what was approved', async () => {
      const request = await chat.click(await chat.say('rule-remove Masslarge(DeviceModel)'), 'Remove the rule')
      assert.match(request.text, /Done; Exchange shows it so/, 'lets more in')
      const asked = await chat.click(await chat.say('rule-add block model Masslarge'), 'Set the rule')
      await admin('New-ActiveSyncDeviceAccessRule', {
        AccessLevel: 'Quarantine',
        Characteristic: 'DeviceModel',
        QueryString: 'Masslarge',
      })
      await writes()
      await approve(asked)
      await chat.finds(/Not done: it is not what was approved any more/)
      assert.deepEqual(await writes(), [])
    })
  })

  describe('as a batch', () => {
    const block = (words: string) => helpdesk.say(`batch block reason:"not supported" ${words}`)

    it('counts what the same person blocked within the hour', async () => {
      assert.doesNotMatch((await block('massother')).text, /Two people/)
      const few = await block('masssmall')
      assert.doesNotMatch(few.text, /Two people/)
      await helpdesk.click(few, 'Block 2 devices')
      await helpdesk.finds(/B1001 is done/)
      assert.doesNotMatch((await block('mass1')).text, /Two people/)
      assert.match((await block('massother')).text, /Two people\n.*Another holder of Collection\.ModifyResource/)
    })

    it('runs on the devices that were approved, and on no other', async () => {
      const request = await helpdesk.click(await block('masslarge'), 'Block 5 devices')
      assert.match(request.text, /Block 5 devices/)
      const listed = await approver.click(await approver.say(`request ${idOf(request)}`), 'Devices')
      assert.deepEqual(
        listed.text.match(/mass\d_iPhone/g)?.sort(),
        [1, 2, 3, 4, 5].map((n) => `mass${n}_iPhone`),
      )
      await desk.control('POST', 'mailboxes', { Alias: 'mass10' })
      await desk.control('POST', 'devices', { mailbox: 'mass10', DeviceModel: 'Masslarge', DeviceId: 'massphone10' })
      await desk.sync()
      assert.deepEqual(await writes(), [])
      await approve(request)
      await done(request, helpdesk)
      await helpdesk.finds(/B1002 is done/)
      const lists = (await writes()).filter(({ cmdlet }) => cmdlet === 'Set-CASMailbox')
      assert.deepEqual(
        lists.flatMap(({ parameters }) => parameters.ActiveSyncBlockedDeviceIDs.add ?? []).sort(),
        [1, 2, 3, 4, 5].map((n) => `massphone${n}`),
      )
    })

    it('lets devices in without a second person', async () => {
      assert.doesNotMatch((await helpdesk.say('batch allow reason:"a mistake" massphone')).text, /Two people/)
    })
  })
})
