import assert from 'node:assert/strict'
import { accessOf } from '../../src/commands/explain.ts'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { type Admin, adminOf, type Chat, chatOf, type Seen, writesOf } from './chat.ts'

describe('the access rules in chat', () => {
  let desk: TestDesk
  let chat: Chat
  let admin: Admin
  let writes: ReturnType<typeof writesOf>

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '1000000' })
    chat = chatOf(desk, people.full)
    admin = await adminOf(desk)
    writes = writesOf(desk)
  })
  after(() => desk.close())
  afterEach(() => desk.control('DELETE', 'faults'))
  beforeEach(() => writes())

  /** The file that was offered or given last. */
  const attached = (kind: string): Promise<Json> =>
    eventually(() =>
      desk.teams
        .messages(people.full, 'personal')
        .flatMap(({ id, attachments }) => attachments.map((one) => ({ message: id, ...one })))
        .find(({ contentType }: Json) => contentType.includes(`file.${kind}`)),
    )

  const rulesIn = async () =>
    (await admin('Get-ActiveSyncDeviceAccessRule')).map(({ Name, AccessLevel }: Json) => `${AccessLevel} ${Name}`)

  it('are listed with the default access level', async () => {
    const { text } = await chat.say('rules')
    for (const { Name, AccessLevel } of (await admin('Get-ActiveSyncDeviceAccessRule')) as Json[])
      assert.ok(text.includes(`${AccessLevel} · ${Name.split('(')[0]}`), Name)
    assert.match(text, /default access level: Contoso: Allow/)
  })

  it('are added after a simulation that writes nothing, and read back', async () => {
    const phones = (await desk.control('GET', 'devices?limit=5000')).filter(
      ({ DeviceModel, DeviceAccessState, DeviceAccessStateReason: reason }: Json) =>
        DeviceModel === 'iPhone16C1' && DeviceAccessState === 'Allowed' && reason === 'Global',
    )
    assert.ok(phones.length > 3)
    const preview = await chat.say('rule-add quarantine model iPhone16C1')
    assert.match(preview.text, new RegExp(`Allowed → Quarantined\n.* ${phones.length}\n`))
    assert.match(preview.text, new RegExp(`${phones.length} that are not now`))
    assert.match(preview.text, /just this text and nothing more/)
    assert.deepEqual(await writes(), [])
    const { text } = await chat.click(preview, 'Set the rule')
    assert.match(text, /Done; Exchange shows it so/)
    assert.deepEqual(await writes(), [
      {
        cmdlet: 'New-ActiveSyncDeviceAccessRule',
        parameters: { AccessLevel: 'Quarantine', Characteristic: 'DeviceModel', QueryString: 'iPhone16C1' },
      },
    ])
  })

  it('change their level in place', async () => {
    const rule = await chat.say('rules iPhone16C1(DeviceModel)')
    const preview = await chat.click(rule, 'Block instead')
    assert.match(preview.text, /iPhone16C1\(DeviceModel\) Quarantine → Block/)
    await chat.click(preview, 'Set the rule')
    const [{ cmdlet, parameters } = { cmdlet: '', parameters: {} }] = await writes()
    assert.deepEqual([cmdlet, parameters.AccessLevel], ['Set-ActiveSyncDeviceAccessRule', 'Block'])
  })

  it('change their text by adding the new rule before the old one goes', async () => {
    const form = await chat.click(await chat.say('rules iPhone16C1(DeviceModel)'), 'Change the text')
    const preview = await chat.click(form, 'Preview', { text: 'iPhone16C9' })
    assert.match(preview.text, /iPhone16C9\(DeviceModel\) no rule → Block\niPhone16C1\(DeviceModel\) Block → no rule/)
    await chat.click(preview, 'Set the rule')
    assert.deepEqual(
      (await writes()).map(({ cmdlet }) => cmdlet),
      ['New-ActiveSyncDeviceAccessRule', 'Remove-ActiveSyncDeviceAccessRule'],
    )
    assert.ok((await rulesIn()).includes('Block iPhone16C9(DeviceModel)'))
  })

  it('are removed by their short id', async () => {
    const { text } = await chat.say('rules iPhone16C9(DeviceModel)')
    const id = /\nId\n([0-9a-f]{8})\n/.exec(text)?.[1]
    await chat.click(await chat.say(`rule-remove ${id}`), 'Remove the rule')
    assert.deepEqual(
      (await writes()).map(({ cmdlet, parameters }) => [cmdlet, parameters.Confirm]),
      [['Remove-ActiveSyncDeviceAccessRule', false]],
    )
    assert.match((await chat.say(`rule-remove ${id}`)).text, /has no access rule/)
  })

  it('suggest what phones really show, by the name under which they are sold too', async () => {
    const preview = await chat.say('rule-add block model "iPhone 15 Pro"')
    assert.match(preview.text, /No device of Contoso shows exactly this/)
    const used = await chat.click(preview, 'Use “iPhone16C1”')
    assert.match(used.text, /DeviceModel “iPhone16C1”/)
    assert.doesNotMatch(used.text, /No device of Contoso/)
    assert.deepEqual(await writes(), [])
  })

  it('offer what most phones show where no text was given', async () => {
    const form = await chat.say('rule-add block model')
    const phones: Json[] = await desk.control('GET', 'devices?limit=5000')
    const counts = new Map<string, number>()
    for (const { DeviceModel } of phones) counts.set(DeviceModel, (counts.get(DeviceModel) ?? 0) + 1)
    const [[most, count] = ['', 0]] = [...counts].sort(([, one], [, other]) => other - one)
    assert.ok(form.text.includes(`${most} (`) && form.text.includes(`${count})`), form.text)
    const preview = await chat.click(form, `Use “${most}”`)
    assert.match(preview.text, /Set the rule|Fitting/)
    assert.deepEqual(await writes(), [])
  })

  it('show the phones that would change page by page, and all of them in a file', async () => {
    const first = await chat.say('default-access block')
    const second = await chat.click(first, 'More')
    const names = ({ text }: Seen) => text.match(/\w+_\w+ {2}[0-9a-f]{8}/g) ?? []
    assert.deepEqual([names(first).length, names(second).length], [5, 5])
    assert.equal(new Set([...names(first), ...names(second)]).size, 10)
    assert.deepEqual(names(await chat.click(second, 'Back')), names(first))
    const total = Number(/([\d,]+) of [\d,]+ change/.exec(first.text)?.[1]?.replace(',', ''))
    await chat.click(first, 'As a file (CSV)')
    const offer = await attached('consent')
    assert.equal((await desk.teams.consent(people.full, 'personal', offer.message, true)).status, 200)
    const file = await (await fetch((await attached('info')).contentUrl)).text()
    assert.equal(file.trim().split('\r\n').length, total + 1)
    assert.match(file, /,Allowed,Blocked,default access level,/)
    assert.deepEqual(await writes(), [])
  })

  it('take system and user agent as well, and refuse what Exchange does not have', async () => {
    assert.match((await chat.say('rule-add block os Android 16')).text, /fits until the next update/)
    assert.match((await chat.say('rule-add allow useragent x')).text, /UserAgent “x”/)
    assert.match((await chat.say('rule-add block color red')).text, /one of model, type, os, useragent/)
    assert.match((await chat.say('rule-add forbid model x')).text, /one of allow, block, quarantine/)
  })

  it('do nothing when they changed since they were shown', async () => {
    const preview = await chat.say('rule-add block model Pixel 7')
    await admin('New-ActiveSyncDeviceAccessRule', {
      AccessLevel: 'Allow',
      Characteristic: 'DeviceModel',
      QueryString: 'Pixel 7',
    })
    await writes()
    const { text } = await chat.click(preview, 'Set the rule')
    assert.match(text, /This has changed since you looked/)
    assert.match(text, /Pixel 7\(DeviceModel\) Allow → Block/)
    assert.deepEqual(await writes(), [])
  })

  it('are made once when two administrators confirm at the same moment', async () => {
    const preview = await chat.say('rule-add block model Nokia 3310')
    const texts = await Promise.all([chat.click(preview, 'Set the rule'), chat.click(preview, 'Set the rule')])
    assert.ok(texts.some(({ text }) => /Done; Exchange shows it so/.test(text)))
    assert.equal((await rulesIn()).filter((name) => name === 'Block Nokia 3310(DeviceModel)').length, 1)
  })

  it('say what Exchange shows after a lost answer', async () => {
    for (const [then, expected] of [
      ['lost-after', /Done; Exchange shows it so/],
      ['lost-before', /and shows the rules as they were/],
    ] as const) {
      const preview = await chat.say(`rule-add block model Lost ${then}`)
      await desk.control('POST', 'faults', { cmdlet: 'New-ActiveSyncDeviceAccessRule', times: 1, then })
      assert.match((await chat.click(preview, 'Set the rule')).text, expected)
    }
    assert.deepEqual(
      (await rulesIn()).filter((name) => name.includes('Lost')),
      ['Block Lost lost-after(DeviceModel)'],
    )
  })

  it('are for those who hold Site.Modify, to be read by those with Site.Read, and recorded', async () => {
    const helpdesk = chatOf(desk, people.helpdesk)
    assert.match((await helpdesk.say('rules')).text, /access rules/)
    for (const words of ['rule-add block model x', 'rule-remove 12345678', 'default-access allow'])
      assert.match((await helpdesk.say(words)).text, /Site\.Modify/)
    const record = (await desk.audit()).find(({ command, outcome }) => command === 'rule-add' && outcome === 'done')
    assert.equal(record?.note, 'add Quarantine DeviceModel iPhone16C1')
  })

  it('explain each device, and what its next contact brings', async () => {
    await chat.click(await chat.say('rule-add block model iPhone16C1'), 'Set the rule')
    const { text } = await chat.say('device adele_iPhone')
    assert.match(text, /Allowed\s+until its next contact, then blocked by the access rule iPhone16C1\(DeviceModel\)/)
  })
})

describe('the default access level', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '1000000' })
  })
  after(() => desk.close())

  it('is simulated over the whole fleet, and warns that it acts at once', async () => {
    const chat = chatOf(desk, people.full)
    const all: Json[] = await desk.control('GET', 'devices?limit=5000')
    const hit = all.filter(
      ({ DeviceAccessState: state, DeviceAccessStateReason: reason }) => state === 'Allowed' && reason === 'Global',
    )
    const { text } = await chat.say('default-access quarantine')
    assert.match(text, /for every connected device at once/)
    assert.match(text, new RegExp(`${hit.length.toLocaleString('en')} that are not now`))
  })
})

describe('why a device may connect or not', () => {
  const rule = {
    guid: 'g',
    name: 'iPhone(DeviceType)',
    level: 'Block',
    characteristic: 'DeviceType',
    query: 'iphone',
  } as const
  const access = { rules: [rule], defaultLevel: 'Quarantine' } as const
  const device = {
    connector: 'c',
    guid: 'd',
    deviceId: 'id',
    mailbox: 'm',
    type: 'Android',
    state: 'Allowed',
    reason: 'Global',
  }
  const owner = { connector: 'c', mailbox: 'm', name: 'm', displayName: 'M' }

  for (const [about, changes, exemptions, known, expected] of [
    [
      'the default access level',
      {},
      {},
      { ...access, defaultLevel: 'Allow' },
      /^by the organization's default access level$/,
    ],
    ['a default that changed', {}, {}, access, /then quarantined by the organization's default/],
    ['a rule that changed', { type: 'iPhone' }, {}, access, /then blocked by the access rule iPhone\(DeviceType\)/],
    [
      'a rule',
      { type: 'iPhone', state: 'Blocked', reason: 'DeviceRule', rule: rule.name },
      {},
      access,
      /^by an access rule: iPhone/,
    ],
    ['an exemption', { type: 'iPhone', reason: 'Individual' }, { allowed: ['ID'] }, access, /^by a personal exemption/],
    ['an exemption to come', {}, { blocked: ['id'] }, undefined, /then blocked by a personal exemption/],
    ['an exemption that is gone', { reason: 'Individual' }, {}, undefined, /the personal exemption is gone/],
    [
      'Intune',
      { state: 'Blocked', reason: 'ExternalCompliance' },
      { allowed: ['id'] },
      access,
      /only they can change that$/,
    ],
    ['the policy', { state: 'Blocked', reason: 'Policy' }, { allowed: ['id'] }, access, /no exemption changes that$/],
    [
      'rules that Outlook may skip',
      { clientType: 'Outlook', type: 'iPhone' },
      {},
      access,
      /^by the organization's default/,
    ],
    ['rules that were never read', { type: 'iPhone' }, {}, undefined, /^by the organization's default/],
  ] as const)
    it(`is said for ${about}`, () => {
      assert.match(
        accessOf({ ...device, ...changes }, { ...owner, allowed: [], blocked: [], ...spread(exemptions) }, known).why,
        expected,
      )
    })
})

/** Lists that may be changed. */
const spread = (lists: { allowed?: readonly string[]; blocked?: readonly string[] }) => ({
  ...(lists.allowed && { allowed: [...lists.allowed] }),
  ...(lists.blocked && { blocked: [...lists.blocked] }),
})
