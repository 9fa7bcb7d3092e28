import assert from 'node:assert/strict'
import { groups, parameterOf, settings, settingsOf } from '../../src/connector/policy/settings.ts'
import { people, startDesk, type TestDesk } from '../desk.ts'
import { type Admin, adminOf, type Chat, chatOf, type Seen, writesOf } from './chat.ts'
import { cases } from './policyCases.ts'

describe('the policy in chat', () => {
  let desk: TestDesk
  let chat: Chat
  let admin: Admin
  let writes: ReturnType<typeof writesOf>

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '1000000', ADMINS: 'c7e29b04-6d5f-4183-9a7e-1b40f8d36ce2' })
    chat = chatOf(desk, people.full)
    admin = await adminOf(desk)
    writes = writesOf(desk)
  })
  after(() => desk.close())
  afterEach(() => desk.control('DELETE', 'faults'))

  const set = async (words: string) => confirm(await chat.say(`policy-set ${words}`))

  /** Confirms what was previewed; what needs two people is approved by the second. */
  async function confirm(preview: Seen): Promise<Seen> {
    const reply = await chat.click(preview, 'Write to Exchange')
    const id = /R\d{4}/.exec(reply.text)?.[0]
    if (id === undefined) return reply
    assert.match(preview.text, /Another holder of Site\.ModifyConnectorPolicy must approve this/)
    assert.deepEqual(await writes(), [], 'a request writes nothing')
    const second = chatOf(desk, people.security)
    await second.click(await second.say(`approve ${id}`), 'Approve')
    await chat.finds(new RegExp(`${id}: done`))
    return chat.say('policy')
  }

  /** The line of a setting. */
  const line = (text: string, name: string) =>
    text
      .split('\n')
      .find((one) => one.startsWith(`${name} `))
      ?.trim()

  it('begins as Exchange has it, with every group left to Exchange', async () => {
    const { text, card } = await chat.say('policy')
    for (const group of groups) assert.ok(text.includes(`${group} left to Exchange`), group)
    for (const { name, kind, standard } of settings) assert.equal(line(text, name), `${name} ${kind.show(standard)}`)
    assert.ok(JSON.stringify(card).length < 25_000)
    await writes()
  })

  it('knows every setting of this test, and no other', () => {
    assert.deepEqual(
      Object.keys(cases),
      settings.map(({ name }) => name),
    )
  })

  for (const setting of settings) {
    const { group, name, kind, standard, critical = false } = setting
    it(`sets ${group}.${name} and sets it back to Exchange's default`, async () => {
      const { takes, refuses } = cases[name] ?? { takes: [], refuses: [] }
      for (const [typed, written] of takes) {
        const preview = await chat.say(`policy-set ${group}.${name} ${typed}`)
        assert.match(preview.text, new RegExp(`${group}\\.${name} .* → `))
        assert.deepEqual(await writes(), [], 'a preview writes nothing')
        const { text } = await confirm(preview)
        assert.equal(/Done; Exchange shows it so\./.test(text), !critical)
        const [{ parameters, cmdlet } = { parameters: {}, cmdlet: '' }, ...more] = await writes()
        const { Identity, ...named } = parameters
        assert.deepEqual(
          [cmdlet, named, more],
          ['Set-MobileDeviceMailboxPolicy', { [parameterOf(setting, '2013')]: written }, []],
        )
        assert.equal(line(text, name), `${name} ${kind.show(kind.parse(typed) ?? '')}`)
      }
      for (const typed of refuses)
        assert.match(
          (await chat.say(`policy-set ${name} ${typed}`)).text,
          new RegExp(`${group}\\.${name} cannot be .*: it takes`),
        )
      assert.match((await set(`${name.toUpperCase()} default`)).text, new RegExp(`${name} ${kind.show(standard)}`))
      await writes()
    })
  }

  it('takes a group over with all it has, and says so', async () => {
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowDesktopSync: false })
    const preview = await chat.say('policy-set General.AllowInternetShare false')
    const owned = await chat.say('policy-clear General')
    await chat.click(owned, 'Confirm')
    await writes()
    assert.match((await chat.say('policy General')).text, /General left to Exchange/)
    assert.match(preview.text, /AllowInternetShare true → false/)
    const taken = await set('General.AllowInternetShare false')
    assert.match(taken.text, /General managed by Device Desk/)
    assert.match(taken.text, /AllowDesktopSync false/)
    assert.deepEqual(
      (await writes()).map(({ parameters }) => Object.keys(parameters)),
      [['Identity', 'AllowInternetSharing']],
    )
  })

  it('gives a group back with its values as they are', async () => {
    const preview = await chat.say('policy-clear General')
    assert.match(preview.text, /Nothing is written to Exchange\./)
    assert.match(preview.text, /left to Exchange again, which keeps its values as they are/i)
    const { text } = await chat.click(preview, 'Confirm')
    assert.match(text, /General left to Exchange\nAllowInternetShare false/)
    assert.deepEqual(await writes(), [])
  })

  it('says how many devices and mailboxes are under the default policy, and what Outlook and licences make of it', async () => {
    await admin('New-MobileDeviceMailboxPolicy', { Name: 'Managers' })
    await admin('Set-CASMailbox', { Identity: 'adele', ActiveSyncMailboxPolicy: 'Managers' })
    await chat.say('device adele_iPhone')
    const { text } = await chat.say('policy-set Security.Camera false')
    assert.match(text, /[\d,]+ under the default policy, of 2,000/)
    assert.match(text, /Outlook for iOS and Android ignores Camera/)
    assert.match(text, /Camera needs Exchange Enterprise CALs/)
    await writes()
  })

  it('touches no policy but the default one', async () => {
    const before = await admin('Get-MobileDeviceMailboxPolicy', { Identity: 'Managers' })
    await set('Security.Camera false')
    const after = await admin('Get-MobileDeviceMailboxPolicy', { Identity: 'Managers' })
    assert.deepEqual(after, before)
    const [written] = await writes()
    const [standard] = await admin('Get-MobileDeviceMailboxPolicy', { Identity: 'Default' })
    assert.equal(written?.parameters.Identity, standard?.Guid)
  })

  it('edits a group in a form, and names every mistake at once', async () => {
    const form = await chat.click(await chat.say('policy Password'), 'Edit Password')
    const inputs = JSON.stringify(form.card)
    for (const { name } of settingsOf('Password')) assert.ok(inputs.includes(`"id":"${name}"`), name)
    const wrong = await chat.click(form, 'Preview', { MinimumPasswordLength: '17', PasswordHistory: '-1' })
    assert.match(wrong.text, /MinimumPasswordLength cannot be “17”.*; Password\.PasswordHistory cannot be “-1”/)
    const typed = { PasswordEnabled: 'true', MinimumPasswordLength: '6', PasswordHistory: 0, PasswordComplexity: 'Pin' }
    const preview = await chat.click(form, 'Preview', typed)
    assert.match(preview.text, /PasswordEnabled false → true\nPassword\.MinimumPasswordLength Blank → 6/)
    assert.doesNotMatch(preview.text, /PasswordHistory/)
    assert.match((await chat.click(preview, 'Write to Exchange')).text, /Done/)
    assert.deepEqual(
      (await writes()).map(({ parameters: { Identity, ...rest } }) => rest),
      [{ PasswordEnabled: true, MinPasswordLength: 6 }],
    )
  })

  it('undoes the last push, and undoes that', async () => {
    const undone = await chat.click(await chat.say('policy-undo'), 'Write to Exchange')
    assert.match(undone.text, /PasswordEnabled false\nMinimumPasswordLength Blank/)
    const again = await chat.click(await chat.say('policy-undo'), 'Write to Exchange')
    assert.match(again.text, /PasswordEnabled true\nMinimumPasswordLength 6/)
    await writes()
  })

  it('tells what was changed behind its back, and overwrites nothing by itself', async () => {
    await set('Security.TextMessage false')
    await admin('Set-MobileDeviceMailboxPolicy', {
      Identity: 'Default',
      AllowTextMessaging: true,
      AllowCamera: true,
      AllowPOPIMAPEmail: false,
    })
    await writes()
    const check = await chat.say('policy-check')
    assert.match(check.text, /Security\.TextMessage is true in Exchange and configured as false/)
    assert.match(check.text, /Security managed by Device Desk; changed in Exchange/)
    const other = await chat.say('policy-set Security.Infrared false')
    assert.doesNotMatch(other.text, /TextMessage .*→/)
    await chat.click(other, 'Write to Exchange')
    assert.deepEqual(
      (await writes()).map(({ parameters: { Identity, ...rest } }) => rest),
      [{ AllowIrDA: false }],
    )
    const back = await chat.click(await chat.say('policy-drift take-back Security'), 'Write to Exchange')
    assert.match(back.text, /TextMessage false\n/)
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowBluetooth: 'Disable' })
    await writes()
    const accepted = await chat.click(await chat.say('policy-drift accept Security'), 'Confirm')
    assert.match(accepted.text, /Bluetooth Disable\n/)
    assert.deepEqual(await writes(), [])
    assert.match((await chat.say('policy-check')).text, /Exchange has everything as it is configured here/)
  })

  it('tells who listens for it what a full sync found changed, once, and writes nothing', async () => {
    const channel = chatOf(desk, people.full, 'General')
    await channel.say('subscribe drift')
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowRemoteDesktop: false })
    await writes()
    await desk.sync()
    const told = /Not by Device Desk: Security\.RemoteDesktop is false, configured as true\./
    await channel.finds(told)
    await desk.sync()
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowIrDA: true })
    await desk.sync()
    await channel.finds(/Security\.Infrared is true, configured as false/)
    const all = desk.teams.messages(people.full, 'General').map(({ attachments }) => JSON.stringify(attachments))
    assert.equal(all.filter((one) => told.test(one)).length, 1)
    assert.deepEqual(
      (await writes()).map(({ parameters }) => parameters),
      [{ Identity: 'Default', AllowIrDA: true }],
    )
    await chat.click(await chat.say('policy-drift take-back Security'), 'Write to Exchange')
    await writes()
  })

  it('writes nothing when what was shown is no longer true', async () => {
    const preview = await chat.say('policy-set Security.RemoteDesktop false')
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowRemoteDesktop: false })
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowRemoteDesktop: true, AllowBrowser: false })
    const other = chatOf(desk, people.full)
    await other.click(await other.say('policy-set Security.StorageCard false'), 'Write to Exchange')
    await writes()
    const { text } = await chat.click(preview, 'Write to Exchange')
    assert.match(text, /This has changed since you looked, so nothing was written\./)
    assert.deepEqual(await writes(), [])
  })

  it('writes once when two administrators confirm at the same moment', async () => {
    const other = chatOf(desk, people.security)
    const [one, two] = [
      await chat.say('policy-set Security.WifiConnection false'),
      await other.say('policy-set Password.AllowSimplePassword false'),
    ]
    const replies = await Promise.all([chat.click(one, 'Write to Exchange'), other.click(two, 'Write to Exchange')])
    const texts = replies.map(({ text }) => text)
    const isDone = texts.map((text) => /Done; Exchange shows it so/.test(text))
    assert.equal(isDone.filter(Boolean).length, 1, texts.join('\n---\n'))
    assert.match(
      texts[isDone.indexOf(false)] ?? '',
      /Somebody else changed this policy|This has changed since you looked/,
    )
    assert.equal((await writes()).length, 1)
  })

  it('says what Exchange shows after a lost answer, and never writes twice', async () => {
    for (const [then, expected] of [
      ['lost-after', /Done; Exchange shows it so/],
      ['lost-before', /did not answer \(and shows the policy as it was\)/],
    ] as const) {
      const preview = await chat.say('policy-set Application.UnsignedInstall false')
      await desk.control('POST', 'faults', { cmdlet: 'Set-MobileDeviceMailboxPolicy', times: 1, then })
      assert.match((await chat.click(preview, 'Write to Exchange')).text, expected)
      assert.ok((await writes()).length <= 1)
      if (then === 'lost-after') await set('Application.UnsignedInstall true')
    }
    const { text } = await chat.say('policy Application')
    assert.match(text, /UnsignedInstall true/)
    assert.doesNotMatch(text, /changed in Exchange/)
  })

  it('keeps nothing of what Exchange refused', async () => {
    const preview = await chat.say('policy-set Application.UnsignedApplication false')
    await desk.control('POST', 'faults', {
      cmdlet: 'Set-MobileDeviceMailboxPolicy',
      times: 1,
      then: 'status',
      status: 400,
    })
    assert.match((await chat.click(preview, 'Write to Exchange')).text, /Exchange refused/)
    assert.doesNotMatch((await chat.say('policy Application')).text, /changed in Exchange/)
    await writes()
  })

  it('is for those who hold Site.ModifyConnectorPolicy, and to be read by those with Site.Read', async () => {
    const helpdesk = chatOf(desk, people.helpdesk)
    const { text, card } = await helpdesk.say('policy Security')
    assert.match(text, /managed by Device Desk/)
    assert.deepEqual(card.actions ?? [], [])
    for (const words of [
      'policy-set Security.Camera false',
      'policy-clear Security',
      'policy-undo',
      'policy-drift accept Security',
    ])
      assert.match((await helpdesk.say(words)).text, /Site\.ModifyConnectorPolicy/)
    assert.deepEqual(await writes(), [])
  })

  it('records what was written', async () => {
    await set('Security.FileEncrypt true')
    const [record] = (await desk.audit())
      .filter(({ command, outcome }) => command === 'policy-set' && outcome === 'done')
      .slice(-1)
    assert.match(JSON.stringify(record), /Security\.FileEncrypt=true.*FileEncrypt=true/)
  })
})
