import assert from 'node:assert/strict'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { adminOf, type Chat, chatOf, type Seen, writesOf } from './chat.ts'

interface Phone {
  readonly guid: string
  readonly shortId: string
  readonly id: string
}

describe('a wipe in chat', function () {
  this.timeout(120_000)

  let desk: TestDesk
  let helpdesk: Chat
  let approver: Chat
  let security: Chat
  let writes: ReturnType<typeof writesOf>
  let phones: Phone[]

  before(async () => {
    desk = await startDesk({ BRAKE: '1000,1000,1000,1000' })
    helpdesk = chatOf(desk, people.helpdesk)
    approver = chatOf(desk, people.approver)
    security = chatOf(desk, people.security)
    writes = writesOf(desk)
    for (const who of [approver, security]) await who.say('help')
    phones = await Promise.all(Array.from({ length: 20 }, () => newPhone({ ClientVersion: '16.1' })))
    await desk.sync()
  })
  after(() => desk.close())
  beforeEach(async () => {
    await writes()
  })
  afterEach(() => desk.control('DELETE', 'faults'))

  async function newPhone(about: object): Promise<Phone> {
    const { Guid, DeviceId } = await desk.control('POST', 'devices', { mailbox: 'adele', ...about })
    await desk.control('POST', `devices/${DeviceId}/sync`)
    return { guid: Guid, shortId: Guid.slice(0, 8), id: DeviceId }
  }

  function phone(): Phone {
    const [next] = phones.splice(0, 1)
    assert.ok(next)
    return next
  }

  const contact = ({ id }: Phone, about: object = {}) => desk.control('POST', `devices/${id}/sync`, about)

  async function ask({ guid, shortId }: Phone, command = 'wipe'): Promise<{ id: string; card: Seen }> {
    const shown = await helpdesk.say(`${command} ${guid} stolen in Rome`)
    const card = await helpdesk.click(shown, 'Ask for approval', command === 'wipe' ? { shortId } : {})
    const id = /R\d+/.exec(card.text)?.[0] ?? ''
    return { id, card }
  }

  /** The card of a request that somebody was sent. */
  const copyOf = (id: string, who: Chat) => who.finds(new RegExp(`${id}\\nWaiting for approval`))
  const approve = async (id: string, who = approver) => who.click(await copyOf(id, who), 'Approve')

  it('erases a phone after a second person approved it, and is followed to the end', async () => {
    const stolen = phone()
    const shown = await helpdesk.say(`wipe ${stolen.guid} stolen in Rome`)
    assert.match(shown.text, /whole phone is erased/)
    assert.match(shown.text, /1 needed/)
    const unsure = await helpdesk.click(shown, 'Ask for approval', { shortId: 'wrong' })
    assert.match(unsure.text, new RegExp(`Type ${stolen.shortId}`))
    const asked = await helpdesk.click(unsure, 'Ask for approval', { shortId: stolen.shortId })
    assert.match(asked.text, /somebody else must approve/)
    const id = /R\d+/.exec(asked.text)?.[0] ?? ''
    const copy = await copyOf(id, approver)
    for (const fact of [/Adele/, /stolen in Rome/, /Hanna Berg/, /Expires/, /because as Wipe Approver on All Mobile/])
      assert.match(copy.text, fact)
    assert.deepEqual(await writes(), [])
    const approved = await approver.click(copy, 'Approve')
    assert.match(approved.text, /Approved by Omar Haddad/)
    await approver.reads(copy, /With Exchange/)
    assert.deepEqual(await writes(), [
      { cmdlet: 'Clear-MobileDevice', parameters: { Identity: stolen.guid, Confirm: false } },
    ])
    await helpdesk.finds(new RegExp(`${id}: with Exchange[^]*audit record ends with \\d+:[0-9a-f]{16}`))
    await contact(stolen, { acknowledges: 'later' })
    await approver.reads(copy, /Taken by the device/)
    await contact(stolen)
    const end = await approver.reads(copy, /Acknowledged by the device/)
    assert.match(end.text, /It does so before it erases/)
    assert.ok(end.card.actions.some(({ verb }: Json) => verb === 'delete'))
    for (const who of [helpdesk, approver]) await who.finds(new RegExp(`${id}: acknowledged[^]*audit record ends with`))
  })

  it('ends with one denial, which everybody reads', async () => {
    const lost = phone()
    const { id, card } = await ask(lost)
    const denied = await approver.press(await copyOf(id, approver), 'deny', { id, reason: 'it was found' })
    assert.match(denied.text, /Because\nit was found/)
    await helpdesk.reads(card, /Denied/)
    await security.finds(new RegExp(`${id}\nDenied`))
    await helpdesk.finds(new RegExp(`${id}: denied`))
    assert.deepEqual(await writes(), [])
  })

  it('is cancelled while the phone has not heard of it, and nothing keeps it away meanwhile', async () => {
    const found = phone()
    const { id } = await ask(found)
    const copy = await copyOf(id, approver)
    await approve(id)
    await approver.reads(copy, /With Exchange/)
    for (const words of [`block ${found.guid} lost`, `reset ${found.guid}`])
      assert.match((await helpdesk.say(words)).text, /cancel-wipe/)
    assert.match((await approver.say(`delete ${found.guid} lost`)).text, /cancel-wipe/)
    assert.match((await helpdesk.say(`cancel-wipe ${found.guid} it was found`)).text, /is cancelled/)
    await approver.reads(copy, /Cancelled/)
    assert.deepEqual(
      (await writes()).map(({ parameters }) => parameters),
      [
        { Identity: found.guid, Confirm: false },
        { Identity: found.guid, Cancel: true, Confirm: false },
      ],
    )
    assert.match((await helpdesk.say(`block ${found.guid} lost`)).text, /is blocked/)
  })

  it('stands in a channel without buttons to decide, which come to each by refresh', async () => {
    const stolen = phone()
    const [asker, other] = [people.helpdesk, people.approver].map((who) => chatOf(desk, who, 'Mobile devices'))
    assert.ok(asker && other)
    const shown = await asker.say(`wipe ${stolen.guid} stolen in Rome`)
    const asked = await asker.click(shown, 'Ask for approval', { shortId: stolen.shortId })
    const id = /R\d+/.exec(asked.text)?.[0] ?? ''
    const reader = chatOf(desk, people.nobody, 'Mobile devices')
    const posted = await reader.reads(shown, /Waiting for approval/)
    const verbs = ({ card }: Seen): string[] => (card.actions ?? []).map(({ verb }: Json) => verb)
    assert.deepEqual(
      verbs(posted).filter((verb) => ['approve', 'deny', 'withdraw'].includes(verb)),
      [],
    )
    assert.doesNotMatch(posted.text, /stolen in Rome/)
    const { verb, data } = posted.card.refresh.action
    const refreshed = async (who: string): Promise<string[]> => {
      const { body } = await desk.teams.press(who, 'Mobile devices', shown.id, verb, data, 'automatic')
      return verbs({ ...shown, card: (body as Json).value })
    }
    assert.ok((await refreshed(people.approver)).includes('approve'))
    assert.ok((await refreshed(people.helpdesk)).includes('withdraw'))
    for (const who of [people.helpdesk, people.nobody]) assert.ok(!(await refreshed(who)).includes('approve'), who)
    const seen = await other.press(shown, verb, data)
    assert.match((await other.click(seen, 'Approve')).text, /Approved by Omar Haddad/)
    await reader.reads(shown, /With Exchange/)
    await helpdesk.finds(new RegExp(`${id}: with Exchange`))
  })

  describe('while it is under way', () => {
    const shutting = [
      'rule-add block model Perilous',
      'rule-add quarantine model Perilous',
      'default-access block',
      'policy-set General.AllowNonProvision false',
    ]
    const harmless = [
      'rule-add allow model Perilous',
      'rule-add block model Other',
      'policy-set Password.PasswordEnabled true',
    ]
    const warning = /under way may not arrive after this: wait until/
    let full: Chat
    let ours: Phone
    let theirs: Phone

    before(async () => {
      full = chatOf(desk, people.full)
      const admin = await adminOf(desk)
      ;[ours, theirs] = [await newPhone({ DeviceModel: 'Perilous' }), await newPhone({ DeviceModel: 'Perilous' })]
      await desk.sync()
      const { id } = await ask(ours)
      await approve(id)
      await helpdesk.finds(new RegExp(`${id}: with Exchange`))
      await admin('Clear-MobileDevice', { Identity: theirs.guid, Confirm: false })
      await eventually(async () => /Wipe asked for/.test((await full.say(`device ${theirs.guid}`)).text))
      await writes()
    })

    for (const words of shutting)
      it(`is named before “${words}”, which may keep it from arriving`, async () => {
        const { text } = await full.say(words)
        assert.match(text, warning)
        for (const { shortId } of [ours, theirs]) assert.match(text, new RegExp(`Wipes at risk[^]*\\(${shortId}\\)`))
        assert.deepEqual(await writes(), [])
      })

    it('is told with what is known of it before the connector is removed', async () => {
      const lost = phone()
      const { id } = await ask(lost)
      await desk.control('POST', 'faults', { cmdlet: 'Clear-MobileDevice', times: 1, then: 'lost-before' })
      await approve(id)
      const unknown = new RegExp(`${id}, .* being handed to Exchange: whether Exchange took it is not known`)
      await eventually(async () => unknown.test((await full.say('connector-remove Contoso')).text))
      assert.match((await full.say('connector-remove Contoso')).text, /with Exchange.*: it stays with Exchange/)
      await writes()
    })

    it('is counted, not named, for the second person of such a change, who may see other devices', async () => {
      const asked = await full.click(await full.say('default-access block'), 'Set the default')
      assert.match(asked.text, warning)
      for (const { shortId } of [ours, theirs]) assert.doesNotMatch(asked.text, new RegExp(shortId))
      await full.say(`withdraw ${/R\d+/.exec(asked.text)?.[0]}`)
      assert.deepEqual(await writes(), [])
    })

    for (const words of harmless)
      it(`is not named before “${words}”, which leaves it alone`, async () => {
        assert.doesNotMatch((await full.say(words)).text, /Wipes at risk|may not arrive/)
      })
  })
})
