import assert from 'node:assert/strict'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

const places = ['personal', 'group', 'Mobile devices'] as const

describe('commands', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())

  /** What the bot answers to words. */
  async function say(text: string, who: string = people.helpdesk, where = 'personal') {
    const { status, posted } = await desk.teams.say(who, where, text)
    assert.deepEqual([status, posted.length], [200, 1], text)
    const card: Json = posted[0]?.attachments[0]?.content
    return { id: posted[0]?.id ?? '', card, text: textOf(card) }
  }
  /** What the bot answers to a press. */
  async function press(verb: string, data: object, who: string = people.helpdesk, where = 'personal') {
    const { id } = await say('help', who, where)
    const { status, body }: Json = await desk.teams.press(who, where, id, verb, data)
    assert.equal(status, 200)
    return { card: body.value, text: textOf(body.value) }
  }
  const buttons = (card: Json): string[] => (card.actions ?? []).map(({ verb }: Json) => verb)
  const mailbox = (name: string) => desk.control('GET', `mailboxes/${name}@contoso.com`)
  const writes = async (): Promise<Json[]> =>
    (await desk.control('GET', 'calls')).filter(({ cmdlet }: Json) => cmdlet === 'Set-CASMailbox')
  /** Every way in: words and a press, in each kind of conversation. */
  async function everywhere(words: string, verb: string, data: object, expected: RegExp) {
    for (const where of places) {
      assert.match((await say(words, people.helpdesk, where)).text, expected, `${words} (${where})`)
      assert.match((await press(verb, data, people.helpdesk, where)).text, expected, `${verb} pressed (${where})`)
    }
  }

  describe('help', () => {
    it('answers everywhere, and to nothing at all', async () => {
      await everywhere('help', 'help', {}, /find/)
      for (const words of ['', '?', 'hello', 'HELP']) assert.match((await say(words)).text, /find/, words)
    })

    it('lists what one may do, and to strangers only itself and whoami', async () => {
      const mine = (await say('help')).text
      for (const name of ['find', 'device', 'user', 'allow', 'block', 'status', 'whoami'])
        assert.match(mine, new RegExp(name))
      const { text } = await say('help', people.nobody)
      assert.match(text, /whoami/)
      for (const name of ['find', 'block', 'wipe']) assert.doesNotMatch(text, new RegExp(`^${name}\\b`, 'm'))
    })

    it('explains one command with an example', async () => {
      await everywhere('help block', 'help', { command: 'block' }, /block adele_iPhone lost in a taxi/)
      assert.match((await say('help blok')).text, /did you mean “block”/)
      assert.match((await say('help block', people.nobody)).text, /I do not know “block”/)
    })
  })

  describe('whoami', () => {
    for (const [who, roles] of [
      ['helpdesk', ['Helpdesk Operator']],
      ['approver', ['Wipe Approver']],
      ['security', ['Wipe Approver', 'Security Administrator']],
      ['full', ['Full Administrator']],
      ['nobody', []],
    ] as const)
      it(`names the roles of ${people[who]} and no other`, async () => {
        const all = [
          'Helpdesk Operator',
          'Wipe Approver',
          'Security Administrator',
          'Full Administrator',
          'Auditor',
          'Read-only Analyst',
          'Operations Administrator',
          'Infrastructure Administrator',
        ]
        for (const where of places) {
          const { text } = await say('whoami', people[who], where)
          assert.deepEqual(all.filter((role) => text.includes(role)).sort(), [...roles].sort())
          assert.equal(text.includes('You have no role in Device Desk.'), roles.length === 0)
        }
        assert.equal((await press('whoami', {}, people[who])).text, (await say('whoami', people[who])).text)
      })
  })

  it('status counts the devices by state and tells how old that is', async () => {
    await everywhere('status', 'status', {}, /Allowed/)
    const { text } = await say('status')
    for (const word of ['Allowed', 'Blocked', 'Quarantined', 'Contoso']) assert.match(text, new RegExp(word))
  })

  describe('find', () => {
    it('answers everywhere', async () => {
      await everywhere(
        'find adele',
        'find',
        { text: 'adele' },
        /adele_iPhone[\s\S]*adele_Outlook|adele_Outlook[\s\S]*adele_iPhone/,
      )
    })

    it('narrows by state, system, connector and silence, and turns pages', async () => {
      assert.match((await say('find state:quarantined')).text, /Quarantined/)
      assert.doesNotMatch((await say('find iphone state:blocked')).text, /Allowed|Quarantined/)
      assert.match((await say('find os:"iOS 26" adele')).text, /adele_iPhone/)
      assert.match((await say('find adele connector:Contoso')).text, /adele_iPhone/)
      assert.match((await say('find adele connector:Fabrikam')).text, /No device\n.*I know no connector “Fabrikam”/)
      assert.match((await say('find state:quarantine')).text, /● Quarantined/)
      assert.match((await say('find state:lost')).text, /No device\n.*states are allowed, blocked and quarantined/)
      const behind = await say('find page:99999')
      const [, last = ''] = /There is no page 99999; the last is (\d+)\./.exec(behind.text) ?? []
      assert.deepEqual(
        behind.card.actions.map(({ title, data }: Json) => [title, data.page]),
        [['Back', Number(last)]],
      )
      assert.match((await say('find iphone page:3')).text, /Page 3 of/)
      const third = (await say('find iphone page:3')).text
      const fromSecond = await press('find', { text: 'iphone', page: 3 })
      assert.equal(fromSecond.text, third)
    })

    it('says what is wrong with its arguments', async () => {
      for (const words of ['find stale:soon', 'find page:0', 'find page:x', `find ${'x'.repeat(300)}`])
        assert.match((await say(words)).text, /“find” cannot run: .*Type for example “find adele state:allowed”\./)
      for (const [words, sentence] of [
        ['find stale:soon', 'stale: must be a whole number'],
        ['find stale:1.5', 'stale: must be a whole number'],
        ['find stale:0', 'stale: must be 1 or more'],
        ['find stale:4000', 'stale: must be 3650 or less'],
        [`find ${'x'.repeat(300)}`, 'text: must be at most 200 characters long'],
        ['find sort:size', 'sort: must be one of name, model, os, '],
        ['block adele_iPhone x', 'reason: must be at least 3 characters long'],
        ['device "  "', 'the device is missing'],
      ] as const)
        assert.ok((await say(words)).text.includes(`cannot run: ${sentence}`), words)
    })

    it('takes an input that was left empty for none', async () => {
      const filled = await press('find', { text: 'adele', stale: '', sort: '', rows: '', state: ' ' })
      assert.match(filled.text, /^2 devices/)
      assert.match((await press('device', { ref: '  ' })).text, /the device is missing/)
    })

    it('finds nothing politely', async () => {
      assert.match((await say('find zzzzqqqq')).text, /Nothing matches/)
    })
  })

  describe('device', () => {
    it('answers everywhere, by name, device id, Guid and short id', async () => {
      await everywhere('device adele_iPhone', 'device', { ref: 'adele_iPhone' }, /^adele_iPhone/)
      const [{ Guid, DeviceId }] = await desk
        .control('GET', 'devices?mailbox=adele@contoso.com')
        .then((all: Json[]) => all.filter(({ DeviceType }) => DeviceType === 'iPhone'))
      for (const ref of ['ADELE_IPHONE', DeviceId, Guid, Guid.toUpperCase(), Guid.slice(0, 8)])
        assert.match((await say(`device ${ref}`)).text, /^adele_iPhone/, ref)
    })

    it('offers a choice where a name is ambiguous, and the press chooses', async () => {
      const { card, text } = await say('device bruno_Android')
      assert.match(text, /Which one\?/)
      const rows: string[] = [...JSON.stringify(card).matchAll(/"data":(\{[^{}]*"ref":"[0-9a-f-]{36}"[^{}]*\})/g)].map(
        ([, data = '']) => data,
      )
      assert.equal(rows.length, 2)
      for (const row of rows) assert.match((await press('device', JSON.parse(row))).text, /^bruno_Android/)
    })

    it('has no answer that tells more about one that one may not see than about none', async () => {
      const [none, other] = [await say('device nobody_iPhone'), await say('device adele_iPhones')]
      assert.equal(none.text.replaceAll('nobody_iPhone', '…'), other.text.replaceAll('adele_iPhones', '…'))
      const [there, notThere] = [
        await say('device adele_iPhone', people.nobody),
        await say('device zzz', people.nobody),
      ]
      assert.equal(there.text, notThere.text)
    })

    it('says of one that never synchronized that it never did, and whose mailbox is shared', async () => {
      const never = await say('device dmitri_iPhone')
      const shown = () =>
        textOf(
          desk.teams.messages(people.helpdesk, 'personal').find(({ id }) => id === never.id)?.attachments[0]?.content,
        )
      await eventually(() => shown().includes('Never synchronized'))
      assert.match((await say('device reception_iPhone')).text, /Shared/)
    })

    it('offers the buttons that make sense, and only to those who may press them', async () => {
      assert.deepEqual(buttons((await say('device carla_Android')).card).includes('block'), true)
      assert.deepEqual(buttons((await say('device hugo_iPhone')).card).includes('allow'), true)
      const analyst = await say('device carla_Android', people.full)
      assert.ok(buttons(analyst.card).includes('block'))
    })

    it('shows what a phone calls itself as text, whatever that is', async () => {
      const { card } = await say('device max.power_iPhone')
      const texts: string[] = []
      JSON.stringify(card, (key, value) => {
        if (value?.type === 'TextBlock' || value?.type === 'FactSet') texts.push(JSON.stringify(value))
        return key === 'fallbackText' ? undefined : value
      })
      for (const text of texts) assert.doesNotMatch(text, /Max Power|example\.com/)
      assert.doesNotMatch(String(card.fallbackText), /[[\]()]/)
    })
  })

  describe('user', () => {
    it('answers everywhere', async () => {
      await everywhere('user adele', 'user', { text: 'adele' }, /^Adele Fontaine[\s\S]*adele_iPhone/)
    })

    it('shows a person as the helpdesk thinks of one', async () => {
      const { text } = await say('user hugo@contoso.com')
      for (const word of [
        'Hugo Björklund',
        'hugo@contoso.com',
        'ActiveSync',
        'Outlook mobile',
        'Policy',
        'HUG0B0N4LTU6QV8B2KCE5M1SGH',
        'hugo_iPhone',
      ])
        assert.ok(text.includes(word), word)
    })

    it('asks who is meant, tells nothing private of them where others read along, and the press chooses', async () => {
      for (const where of ['personal', 'group']) {
        const { card, text } = await say('user fa', people.helpdesk, where)
        assert.match(text, /Who is meant\?/)
        assert.equal(JSON.stringify(card).includes('@contoso.com'), where === 'personal')
        const data: string[] = [...JSON.stringify(card).matchAll(/"data":(\{"text":"[^"]*"\})/g)].map(
          ([, one = '']) => one,
        )
        assert.ok(data.length > 1)
        for (const one of data.slice(0, 3))
          assert.doesNotMatch((await press('user', JSON.parse(one), people.helpdesk, where)).text, /Who is meant/)
      }
    })

    it('says that it knows nobody of that name', async () => {
      assert.match((await say('user zzzzqqqq')).text, /I know no person “zzzzqqqq”/)
      assert.match((await say('user')).text, /the name is missing\. Type for example “user adele@contoso\.com”/)
    })
  })

  describe('allow, block and reset', () => {
    const lists = async (name: string) => {
      const { ActiveSyncAllowedDeviceIDs, ActiveSyncBlockedDeviceIDs } = await mailbox(name)
      return { allowed: ActiveSyncAllowedDeviceIDs, blocked: ActiveSyncBlockedDeviceIDs }
    }

    for (const [index, where] of places.entries())
      it(`write both lists of the mailbox, by words (${where})`, async () => {
        const [device = '', id = ''] =
          [
            ['adele_iPhone', 'ADELE0N4LTU6QV8B2KCE5M1SGH'],
            ['carla_Android', 'androidc2905518347'],
            ['gwen_iPhone', 'GWEN50N4LTU6QV8B2KCE5M1SGH'],
          ][index] ?? []
        const owner = device.split('_')[0] ?? ''
        assert.match(
          (await say(`block ${device} lost in a taxi`, people.helpdesk, where)).text,
          /is blocked for its mailbox/,
        )
        assert.deepEqual(await lists(owner), { allowed: [], blocked: [id] })
        assert.match((await say(`allow ${device}`, people.helpdesk, where)).text, /is allowed for its mailbox/)
        assert.deepEqual(await lists(owner), { allowed: [id], blocked: [] })
        assert.match((await say(`reset ${device}`, people.helpdesk, where)).text, /has no personal exemption any more/)
        assert.deepEqual(await lists(owner), { allowed: [], blocked: [] })
      })

    for (const where of places)
      it(`write them by presses (${where})`, async () => {
        const data = { ref: 'hugo_iPhone' }
        const id = 'HUG0B0N4LTU6QV8B2KCE5M1SGH'
        assert.match((await press('allow', data, people.helpdesk, where)).text, /is allowed/)
        assert.deepEqual(await lists('hugo'), { allowed: [id], blocked: [] })
        assert.match((await press('reset', data, people.helpdesk, where)).text, /has no personal exemption/)
        assert.match(
          (await press('block', { ...data, reason: 'seen on a market' }, people.helpdesk, where)).text,
          /is blocked/,
        )
        assert.deepEqual(await lists('hugo'), { allowed: [], blocked: [id] })
      })

    it('say what is missing, with an example, and do nothing', async () => {
      const before = (await writes()).length
      assert.match(
        (await say('block')).text,
        /“block” cannot run: the device is missing; the reason is missing\. Type for example “block adele_iPhone lost in a taxi”\./,
      )
      assert.match((await say('block adele_iPhone')).text, /the reason is missing/)
      assert.match((await say('block adele_iPhone x')).text, /“block” cannot run: reason: /)
      assert.match((await say('allow')).text, /the device is missing/)
      assert.match((await say('block nobody_iPhone lost')).text, /I know no device “nobody_iPhone”/)
      assert.match((await say('block bruno_Android lost it')).text, /Which one\?/)
      assert.equal((await writes()).length, before)
    })

    it('are chosen on the card of an ambiguous name, and the reason goes along', async () => {
      const { card } = await say('block bruno_Android left in a train')
      const [data = ''] = [...JSON.stringify(card).matchAll(/"data":(\{[^{}]*"ref":"[0-9a-f-]{36}"[^{}]*\})/g)].map(
        ([, one = '']) => one,
      )
      assert.match(data, /left in a train/)
      assert.match((await press('block', JSON.parse(data))).text, /bruno_Android is blocked/)
      const record = await eventually(async () =>
        (await desk.audit()).findLast(({ command, outcome }) => command === 'block' && outcome === 'done'),
      )
      assert.equal(record.reason, 'left in a train')
    })

    it('are refused to somebody without a role, by the name of the permission', async () => {
      const before = (await writes()).length
      for (const where of places) {
        for (const words of ['block adele_iPhone because', 'allow adele_iPhone', 'reset adele_iPhone'])
          assert.match(
            (await say(words, people.nobody, where)).text,
            /You may not do this\n.*Collection\.ModifyResource/,
          )
        assert.match(
          (await press('block', { ref: 'adele_iPhone', reason: 'because' }, people.nobody, where)).text,
          /Collection\.ModifyResource/,
        )
      }
      for (const words of ['find adele', 'status', 'device adele_iPhone', 'user adele'])
        assert.match((await say(words, people.nobody)).text, /Collection\.ReadResource/)
      assert.equal((await writes()).length, before)
    })
  })

  it('that nobody has get a suggestion and an example', async () => {
    assert.match(
      (await say('blokc adele_iPhone')).text,
      /I do not know “blokc”; did you mean “block”\? Type for example/,
    )
    assert.match((await say('sandwich with cheese')).text, /I do not know “sandwich”; type “help”/)
    assert.match((await say('<script>alert(1)</script>')).text, /I do not know/)
  })
})
