import assert from 'node:assert/strict'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

describe('answers in Teams', () => {
  let desk: TestDesk

  before(async () => {
    desk = await startDesk()
  })
  after(() => desk.close())
  afterEach(async () => {
    desk.teams.clearFaults()
    await desk.control('DELETE', 'faults')
  })

  const cardOf = (message: Json): Json => message?.attachments[0].content
  /** The card of a message as somebody sees it now. */
  const seen = (who: string, where: string, id: string) => {
    const message = desk.teams.messages(who, where).find((one) => one.id === id)
    return textOf(cardOf(message))
  }
  const say = async (who: string, where: string, text: string) => {
    const { status, body, posted } = await desk.teams.say(who, where, text)
    assert.deepEqual([status, body, posted.length], [200, '', 1], `${text}: ${desk.logged.at(-1)}`)
    const [message] = posted
    assert.ok(message)
    return { id: message.id, card: cardOf(message), message }
  }
  /** What a press is answered with. */
  const press = async (who: string, where: string, id: string, verb: string, data: object, automatic = false) => {
    const { status, body, posted } = await desk.teams.press(
      who,
      where,
      id,
      verb,
      data,
      automatic ? 'automatic' : 'manual',
    )
    assert.deepEqual([status, posted.length], [200, 0], 'a press posts nothing')
    const { statusCode, type, value } = body as Json
    assert.deepEqual([statusCode, type], [200, 'application/vnd.microsoft.card.adaptive'])
    return value
  }
  const actions = (card: Json): Json[] => card.actions ?? []
  const action = (card: Json, verb: string) => {
    const found = actions(card).find((one) => one.verb === verb)
    assert.ok(found, `no button for ${verb}`)
    return found
  }
  const edits = (id: string) =>
    desk.teams.calls.filter(({ operation, activityId }) => operation === 'update' && activityId === id).length
  /** Opens a device and waits until it was read from Exchange, so that no edit is on its way any more. */
  const readAnew = async (ref: string) => {
    const { id } = await say(people.security, 'personal', `device ${ref}`)
    await eventually(() => seen(people.security, 'personal', id).includes('Last contact\n{{DATE'))
  }
  const writes = async () =>
    (await desk.control('GET', 'calls')).filter(({ cmdlet }: Json) => cmdlet === 'Set-CASMailbox')

  describe('to a message', () => {
    for (const where of ['personal', 'group', 'General'])
      it(`are one card, posted there and then (${where})`, async () => {
        const before = desk.teams.calls.length
        const { card, message } = await say(people.helpdesk, where, 'find adele')
        assert.equal(card.type, 'AdaptiveCard')
        assert.equal(card.version, '1.5')
        assert.ok(card.fallbackText)
        assert.match(textOf(card), /adele_iPhone/)
        assert.equal(message.text, '')
        assert.deepEqual(
          desk.teams.calls.slice(before).map(({ operation }) => operation),
          ['reply'],
        )
      })

    it('stay in their thread', async () => {
      const { message } = await say(people.helpdesk, 'General', 'help')
      const again = await say(people.helpdesk, `General;messageid=${message.thread}`, 'whoami')
      assert.equal(again.message.thread, message.thread)
    })

    it('are not given where nobody asked the bot', async () => {
      const before = desk.teams.calls.length
      await desk.teams.say(people.helpdesk, 'group', 'block adele_iPhone lost', { mention: false })
      assert.equal(desk.teams.calls.length, before)
    })

    it('do not depend on how the mention or the words are written', async () => {
      const { bot } = desk.teams.directory
      const base: Json = desk.teams.activity(people.helpdesk, 'group', { type: 'message' })
      const mention = { type: 'mention', text: `<at>${bot.name}</at>`, mentioned: { id: bot.id, name: bot.name } }
      for (const text of [
        `<at>${bot.name}</at>&nbsp;FIND  adele\n`,
        `find <at>${bot.name}</at> adele`,
        `\u00a0Find adele <at>${bot.name}</at>`,
      ]) {
        const { posted } = await desk.teams.raw({ ...base, id: text, text, entities: [mention] })
        assert.match(textOf(cardOf(posted[0])), /^2 devices/, text)
      }
    })

    it('say that work is under way when Exchange is slow, and change when it is done', async () => {
      await desk.restart(300)
      await desk.control('POST', 'faults', { cmdlet: 'Set-CASMailbox', then: 'slow', ms: 1800 })
      const { id, card } = await say(people.helpdesk, 'personal', 'block carla_Android stolen on the train')
      assert.match(textOf(card), /^Working/)
      const text = await eventually(() => {
        const now = seen(people.helpdesk, 'personal', id)
        return !now.startsWith('Working') && now
      })
      assert.match(text, /carla_Android is blocked/)
      await desk.restart()
    })

    it('go on when the first try is throttled, lost or not believed, and then come once', async () => {
      for (const fault of [
        { operation: 'reply', effect: 'status', status: 429, retryAfter: 1 },
        { operation: 'reply', effect: 'status', status: 412 },
        { operation: 'reply', effect: 'status', status: 401 },
        { operation: 'reply', effect: 'status', status: 502 },
        { operation: 'reply', effect: 'lost-before' },
      ] as const) {
        desk.teams.fault(fault)
        await say(people.helpdesk, 'personal', 'whoami')
      }
    })

    it('that cannot be posted do not make Teams send the message again', async () => {
      desk.teams.fault({ operation: 'reply', effect: 'status', status: 403 })
      const { status, posted } = await desk.teams.say(people.helpdesk, 'personal', 'block carla_Android lost again')
      assert.deepEqual([status, posted.length], [200, 0])
    })
  })

  describe('to a press', () => {
    it('change what the presser sees, and nothing for others, when it only reads', async () => {
      const { id } = await say(people.helpdesk, 'group', 'find adele')
      const before = desk.teams.calls.length
      const card = await press(people.approver, 'group', id, 'device', { ref: 'adele_iPhone' })
      assert.match(textOf(card), /^adele_iPhone/)
      assert.equal(desk.teams.calls.length, before)
      assert.match(seen(people.approver, 'group', id), /^adele_iPhone/)
      assert.match(seen(people.helpdesk, 'group', id), /^2 devices/)
    })

    it('turn pages', async () => {
      const { id, card } = await say(people.helpdesk, 'personal', 'find iphone')
      const more = action(card, 'find')
      const next = await press(people.helpdesk, 'personal', id, 'find', more.data)
      assert.match(textOf(next), /Page 2 of/)
      assert.notEqual(textOf(next), textOf(card))
    })

    it('edit every posted copy after a change, in every conversation', async () => {
      await readAnew('adele_Outlook')
      const mine = await say(people.helpdesk, 'personal', 'device adele_Outlook')
      const group = await say(people.approver, 'group', 'device adele_Outlook')
      const other = await say(people.full, 'General', 'device adele_iPhone')
      const block = action(mine.card, 'block')
      const card = await press(people.helpdesk, 'personal', mine.id, 'block', {
        ...block.data,
        reason: 'left the company',
      })
      assert.match(textOf(card), /adele_Outlook is blocked/)
      for (const [who, where, { id }] of [
        [people.helpdesk, 'personal', mine],
        [people.approver, 'group', group],
      ] as const)
        await eventually(() => seen(who, where, id).includes('until its next contact'))
      assert.match(
        seen(people.helpdesk, 'personal', mine.id),
        /adele_Outlook is blocked/,
        'the presser still reads what came of it',
      )
      assert.equal(edits(other.id), 0)
    })

    it('ask for the reason that is missing, and then do it', async () => {
      const { id, card } = await say(people.helpdesk, 'personal', 'device gwen_iPhone')
      const block = action(card, 'block')
      const before = (await writes()).length
      const form = await press(people.helpdesk, 'personal', id, 'block', block.data)
      const input = JSON.stringify(form).match(
        /"type":"Input.Text"[^}]*"id":"reason"|"id":"reason"[^}]*"type":"Input.Text"/,
      )
      assert.ok(input, 'the form asks for the reason')
      assert.equal((await writes()).length, before)
      const send = action(form, 'block')
      const done = await press(people.helpdesk, 'personal', id, 'block', {
        ...send.data,
        reason: 'not needed any more',
      })
      assert.match(textOf(done), /gwen_iPhone is blocked/)
      assert.equal((await writes()).length, before + 1)
    })

    it('change nothing on a card that is out of date, and show how it is now', async () => {
      const { id, card } = await say(people.helpdesk, 'personal', 'device hugo_iPhone')
      const allow = action(card, 'allow')
      await press(people.helpdesk, 'personal', id, 'allow', allow.data)
      const before = (await writes()).length
      const again = await press(people.helpdesk, 'personal', id, 'allow', allow.data)
      assert.match(textOf(again), /This card was out of date, so nothing was done/)
      assert.equal((await writes()).length, before)
    })

    it('only read when Teams refreshes a card by itself', async () => {
      const { id, card } = await say(people.helpdesk, 'group', 'device reception_iPhone')
      assert.equal(card.refresh.action.verb, 'device')
      const mine: Json = await desk.teams.see(people.full, 'group', id)
      assert.match(textOf(mine.body.value), /reception_iPhone/)
      const before = (await writes()).length
      const forged = await press(people.full, 'group', id, 'block', { ref: 'reception_iPhone', reason: 'forged' }, true)
      assert.match(textOf(forged), /a refresh changes nothing/)
      assert.equal((await writes()).length, before)
    })

    it('offer everybody what they may do, and judge each press anew', async () => {
      const { id, card } = await say(people.helpdesk, 'group', 'device dmitri_iPhone')
      assert.ok(actions(card).length > 0)
      const refused = await press(people.nobody, 'group', id, 'block', {
        ...action(card, 'block').data,
        reason: 'because',
      })
      assert.match(textOf(refused), /You may not do this/)
      const view = await press(people.nobody, 'group', id, 'device', card.refresh.action.data, true)
      assert.match(textOf(view), /You may not do this/)
      assert.equal(actions(view).length, 0)
    })

    it('say that work is under way when Exchange is slow, and the card changes when it is done', async () => {
      const { id, card } = await say(people.helpdesk, 'personal', 'device farid_iPhone')
      await desk.restart(300)
      await desk.control('POST', 'faults', { cmdlet: 'Set-CASMailbox', then: 'slow', ms: 1800 })
      const data = { ...action(card, 'block').data, reason: 'seen in a shop window' }
      assert.match(textOf(await press(people.helpdesk, 'personal', id, 'block', data)), /^Working/)
      const text = await eventually(() => {
        const now = seen(people.helpdesk, 'personal', id)
        return now.includes('farid_iPhone is blocked') && now
      })
      assert.ok(!text.startsWith('Working'))
      await desk.restart()
    })

    it('know no command of that name, and help to the right one', async () => {
      const { id } = await say(people.helpdesk, 'personal', 'help')
      const card = await press(people.helpdesk, 'personal', id, 'blok', { ref: 'adele_iPhone', reason: 'lost' })
      assert.match(textOf(card), /did you mean “block”/)
    })

    it('take of the data what the command knows, and keep nothing of the rest', async () => {
      const { id } = await say(people.helpdesk, 'personal', 'help')
      const surplus = { foreign: 'SURPLUS', __proto__: { ref: 'x' }, ref: 'bruno_Android', page: 2 }
      const card = await press(people.helpdesk, 'personal', id, 'block', JSON.parse(JSON.stringify(surplus)))
      assert.ok(!JSON.stringify(card).includes('SURPLUS'))
      const record = await eventually(async () => (await desk.audit()).findLast(({ command }) => command === 'block'))
      assert.ok(!JSON.stringify(record).includes('SURPLUS'))
      for (const ref of [7, {}, ['adele_iPhone'], true])
        assert.match(textOf(await press(people.helpdesk, 'personal', id, 'device', { ref })), /“device” cannot run/)
    })
  })

  describe('kept up to date', () => {
    it('keep what a command answered, until there is something else to show', async () => {
      await readAnew('adele_Outlook')
      const { id } = await say(people.helpdesk, 'personal', 'block adele_Outlook stolen')
      await desk.restart()
      assert.match(seen(people.helpdesk, 'personal', id), /is blocked for its mailbox/)
      await say(people.helpdesk, 'personal', 'reset adele_Outlook')
      await eventually(() => !seen(people.helpdesk, 'personal', id).includes('is blocked for its mailbox'))
    })

    it('show the statistics that were read while the card was on its way, also right after a start', async () => {
      await desk.restart()
      const { id } = await say(people.helpdesk, 'personal', 'device bruno_Android').then(async ({ id, card }) => {
        assert.match(textOf(card), /Which one\?/)
        const [row] = JSON.stringify(card).match(/"ref":"[0-9a-f-]{36}"/g) ?? []
        return say(people.helpdesk, 'personal', `device ${row?.slice(7, -1)}`).then((device) => ({
          ...device,
          old: id,
        }))
      })
      await eventually(() => seen(people.helpdesk, 'personal', id).includes('Last contact\n{{DATE'))
    })

    it('forget a copy that is gone, and edit the others', async () => {
      await readAnew('frontdesk_iPhone')
      const gone = await say(people.helpdesk, 'personal', 'device frontdesk_iPhone')
      const kept = await say(people.full, 'personal', 'device frontdesk_iPhone')
      const conversation = desk.teams.conversationId(people.helpdesk, 'personal')
      desk.teams.fault({ operation: 'update', effect: 'status', status: 404, conversation })
      await say(people.full, 'personal', 'block frontdesk_iPhone left behind in a drawer')
      await eventually(() => seen(people.full, 'personal', kept.id).includes('until its next contact'))
      const before = edits(gone.id)
      await say(people.full, 'personal', 'reset frontdesk_iPhone')
      await eventually(() => !seen(people.full, 'personal', kept.id).includes('until its next contact'))
      assert.equal(edits(gone.id), before)
    })
  })

  describe('where others read along', () => {
    const hidden = ['ADELE0N4LTU6QV8B2KCE5M1SGH', 'adele@contoso.com']

    for (const text of [
      'device adele_iPhone',
      'user adele',
      'find adele',
      'find adele@contoso.com',
      'device bruno_Android',
      'block bruno_Android lost it',
    ])
      for (const where of ['group', 'Mobile devices'])
        it(`show nothing private (${text}, ${where})`, async () => {
          const { card, message } = await say(people.helpdesk, where, text)
          for (const secret of hidden) assert.ok(!JSON.stringify(message).includes(secret), secret)
          assert.ok(textOf(card).length > 20)
        })

    it('show it in personal chat', async () => {
      const device = JSON.stringify((await say(people.helpdesk, 'personal', 'device adele_iPhone')).card)
      for (const secret of hidden) assert.ok(device.includes(secret), secret)
    })

    it('also by a press', async () => {
      const { id } = await say(people.helpdesk, 'group', 'find adele')
      const card = JSON.stringify(await press(people.helpdesk, 'group', id, 'device', { ref: 'adele_iPhone' }))
      for (const secret of hidden) assert.ok(!card.includes(secret), secret)
    })
  })

  it('come to somebody who installs the bot, or to a team that is not too big, and nobody is told who removes it', async () => {
    const before = desk.teams.calls.length
    const asked = () => desk.teams.calls.slice(before).map(({ operation }) => operation)
    await desk.teams.install(people.nobody, 'personal')
    assert.deepEqual(asked(), ['send'])
    await desk.teams.install(people.nobody, 'General')
    assert.deepEqual(asked(), ['send', 'team', 'send'])
    await desk.teams.install(people.nobody, 'personal', 'remove')
    assert.equal(asked().length, 3)
    await desk.teams.install(people.nobody, 'personal')
  })
})
