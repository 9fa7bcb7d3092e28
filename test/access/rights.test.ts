import assert from 'node:assert/strict'
import { chatOf, type Seen, writesOf } from '../commands/chat.ts'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'

const idOf = (desk: TestDesk, who: string): string =>
  desk.teams.directory.people.find(({ name }) => name === who)?.aadObjectId ?? assert.fail(`nobody is ${who}`)

const requestIn = ({ text }: Seen) => /R\d+/.exec(text)?.[0] ?? assert.fail(text)

describe('rights, as people change them in chat', function () {
  this.timeout(120_000)
  let desk: TestDesk

  before(async () => {
    desk = await startDesk({ APPROVER_REST: '0' })
    for (const who of [people.security, people.full, people.approver]) await chatOf(desk, who).say('help')
  })
  after(() => desk.close())

  const ines = () => chatOf(desk, people.security)
  const viktor = () => chatOf(desk, people.full)
  const omar = () => chatOf(desk, people.approver)

  /** What somebody reads of changes that others made. */
  const toldOf = (who: string): string[] =>
    desk.teams
      .messages(who, 'personal')
      .map((one: Json) => JSON.stringify(one.attachments))
      .filter((text) => text.includes('Rights were changed'))

  async function grant(who: string, role: string): Promise<string> {
    const id = requestIn(await ines().say(`grant ${idOf(desk, who)} "${role}" on "All Mobile Devices"`))
    const card = await viktor().finds(new RegExp(`${id}\\nWaiting`))
    await viktor().click(card, 'Approve')
    return id
  }

  it('are told to everybody who looks after rights, also to who had no part in the change', async () => {
    await grant(people.approver, 'Security Administrator')
    await eventually(async () => (await omar().say('whoami')).text.includes('Security Administrator'))
    const id = await grant(people.nobody, 'Auditor')
    for (const who of [ines(), viktor()]) await who.finds(new RegExp(`${id}: done`))
    const told = await omar().finds(/Rights were changed[\s\S]*Grants Auditor/)
    assert.match(told.text, /Auditor.*Noah Klein.*Asked for by Ines Duarte, approved by Viktor Lind/)
    assert.deepEqual(toldOf(people.helpdesk), [])
    assert.deepEqual(toldOf(people.nobody), [])
  })

  it('are told to everybody too when they act at once', async () => {
    await ines().say(`revoke ${idOf(desk, people.nobody)}`)
    for (const who of [viktor(), omar()])
      assert.match((await who.finds(/Rights were changed[\s\S]*Takes every role/)).text, /Noah Klein.*Ines Duarte/)
    assert.match((await chatOf(desk, people.nobody).say('whoami')).text, /You have no role in Device Desk/)
  })

  it('are not approved by who gets them', async () => {
    const id = requestIn(await ines().say(`grant ${idOf(desk, people.approver)} Auditor on "All Mobile Devices"`))
    const refused = await omar().press(await omar().say('whoami'), 'approve', { id, v: 1 })
    assert.match(refused.text, /Nobody changes their own rights/)
    assert.match((await ines().say(`request ${id}`)).text, /Waiting for approval/)
    assert.doesNotMatch((await omar().say('whoami')).text, /Auditor/)
    await eventually(async () =>
      (await desk.audit()).some(({ command, note, who }) => command === 'approve' && note === 'RIGHTS_REFUSED' && who),
    )
  })

  it('need a second person, unless the environment says otherwise: “status” and the record show that', async () => {
    assert.doesNotMatch((await viktor().say('status')).text, /RIGHTS_APPROVAL|The brake is pulled/)
    const loose = await startDesk({ RIGHTS_APPROVAL: 'off' })
    try {
      const full = chatOf(loose, people.full)
      const warning = /RIGHTS_APPROVAL=off: changes of rights need no second person/
      assert.match((await full.say('status')).text, warning)
      assert.match((await chatOf(loose, people.helpdesk).say('status')).text, warning)
      assert.match((await full.say('audit RIGHTS_APPROVAL')).text, /RIGHTS_APPROVAL=off/)
      await full.say(`grant ${idOf(loose, people.nobody)} Auditor on "All Mobile Devices"`)
      await eventually(async () =>
        (await loose.audit()).some(({ note }) => note === 'without a second person (RIGHTS_APPROVAL=off)'),
      )
    } finally {
      await loose.close()
    }
  })

  it('show a pulled brake to everybody who asks how things are, until it is released', async () => {
    const writes = writesOf(desk)
    await writes()
    await chatOf(desk, people.helpdesk).say('brake pull somebody wipes too many phones')
    for (const who of [people.helpdesk, people.full, people.approver])
      assert.match(
        (await chatOf(desk, who).say('status')).text,
        /The brake is pulled \(somebody wipes too many phones\): no wipe runs until it is released/,
      )
    const id = requestIn(await ines().say('brake release'))
    await viktor().click(await viktor().finds(new RegExp(`${id}\\nWaiting`)), 'Approve')
    await eventually(async () => !/The brake is pulled/.test((await viktor().say('status')).text))
    assert.deepEqual(await writes(), [])
  })
})
