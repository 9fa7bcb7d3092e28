import assert from 'node:assert/strict'
import { TurnContext } from 'botbuilder'
import { quietly, startTeamsWithBot } from './bot.ts'

const cardType = 'application/vnd.microsoft.card.adaptive'
const card = (text: string, more: object = {}) => ({
  contentType: cardType,
  content: { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text }], ...more },
})
const refresh = (userIds?: string[]) => ({
  refresh: { action: { type: 'Action.Execute', verb: 'refresh', data: { id: 7 } }, userIds },
})

describe('sandbox/teams client', () => {
  let started: Awaited<ReturnType<typeof startTeamsWithBot>>
  let time = Date.now()
  let turn: (context: TurnContext) => Promise<unknown>
  before(async () => {
    started = await startTeamsWithBot((context) => turn(context), { now: () => time })
  })
  after(() => started.close())
  beforeEach(() => {
    // Every test has a minute and the bot's quota of its own.
    time += 3600_000
    started.heard.length = 0
    turn = async () => {}
  })

  const post = async (activity: object, who = 'hanna', where = 'group') => {
    turn = (context) => context.sendActivity(activity)
    const { posted } = await started.teams.say(who, where, 'find adele')
    turn = async (context) => ({
      statusCode: 200,
      type: cardType,
      value: card(`for ${context.activity.from.name}`).content,
    })
    started.heard.length = 0
    return posted[0]?.id ?? ''
  }
  const textSeen = (who: string, id: string) =>
    JSON.stringify(started.teams.messages(who, 'group').find((message) => message.id === id)?.attachments).match(
      /"text":"([^"]*)"/,
    )?.[1]

  describe('say', () => {
    it('sends what is typed in personal chat as it is', async () => {
      await started.teams.say('hanna', 'personal', 'help')
      const { from, recipient, conversation, text, channelData, localTimestamp } = started.heard[0] ?? {}
      const { tenant, people } = started.teams.directory
      assert.deepEqual(
        { from, recipient, conversation, text, channelData },
        {
          from: { id: '29:hanna', name: 'Hanna Berg', aadObjectId: people[0]?.aadObjectId },
          recipient: { id: `28:${started.teams.settings.MicrosoftAppId}`, name: 'Device Desk' },
          conversation: { conversationType: 'personal', tenantId: tenant, id: 'a:personal-chat-hanna' },
          text: 'help',
          channelData: { tenant: { id: tenant } },
        },
      )
      assert.equal(new Date(localTimestamp ?? 0).getTime(), time)
    })

    it('mentions the bot in the group chat and in channels', async () => {
      for (const [where, conversationType] of [
        ['group', 'groupChat'],
        ['Mobile devices', 'channel'],
      ] as const) {
        await started.teams.say('hanna', where, 'help')
        const { text, entities, conversation } = started.heard.at(-1) ?? {}
        assert.equal(text, '<at>Device Desk</at> help')
        assert.deepEqual(entities?.[0], {
          type: 'mention',
          text: '<at>Device Desk</at>',
          mentioned: { id: `28:${started.teams.settings.MicrosoftAppId}`, name: 'Device Desk' },
        })
        assert.deepEqual([conversation?.conversationType, conversation?.isGroup], [conversationType, true])
      }
    })

    it('turns the name of a member into a mention', async () => {
      await started.teams.say('hanna', 'personal', 'user @Hanna Berg')
      await started.teams.say('hanna', 'group', 'user @Omar Haddad, not @Nobody')
      assert.deepEqual(
        started.heard.map(({ text, entities }) => [text, entities?.filter(({ type }) => type === 'mention').length]),
        [
          ['user <at>Hanna Berg</at>', 1],
          ['<at>Device Desk</at> user <at>Omar Haddad</at>, not @Nobody', 2],
        ],
      )
    })

    it('begins a thread in a channel and goes on with it, with the team in channelData', async () => {
      turn = (context) => context.sendActivity('hello')
      const first = await started.teams.say('hanna', 'Mobile devices', 'help')
      const thread = first.posted[0]?.conversation ?? ''
      assert.match(thread, /^19:mobile-devices@thread\.tacv2;messageid=\d+$/)
      const second = await started.teams.say('omar', thread, 'status')
      assert.equal(second.posted[0]?.conversation, thread)
      assert.deepEqual(
        started.heard.map(({ conversation, channelData }) => [conversation.id, channelData.team.id]),
        [
          [thread, '19:contoso-it@thread.tacv2'],
          [thread, '19:contoso-it@thread.tacv2'],
        ],
      )
      assert.equal(started.teams.messages('noah', thread).length, 4)
    })

    it('is not heard without a mention, nor where the bot is not installed', async () => {
      const answer = await started.teams.say('hanna', 'group', 'good morning', { mention: false })
      assert.deepEqual(answer, { status: 0, body: 'not delivered', posted: [] })
      assert.deepEqual(started.heard, [])
      await started.teams.install('noah', 'personal', 'remove')
      started.heard.length = 0
      assert.equal((await started.teams.say('noah', 'personal', 'help')).status, 0)
      assert.deepEqual(started.heard, [])
      await started.teams.install('noah', 'personal')
    })

    it('tells apart what was posted to whom, when several talk at once', async () => {
      turn = (context) => context.sendActivity(`hello ${context.activity.from.name}`)
      const people = ['hanna', 'omar', 'ines', 'viktor', 'noah']
      const answers = await Promise.all(people.map((who) => started.teams.say(who, 'group', 'help')))
      assert.deepEqual(
        answers.map(({ posted }) => posted.map(({ text }) => text)),
        started.teams.directory.people.map(({ name }) => [`hello ${name}`]),
      )
    })

    it('says how the bot failed', async () => {
      turn = () => Promise.reject(new Error('broken'))
      const { status } = await quietly(() => started.teams.say('hanna', 'personal', 'help'))
      assert.equal(status, 500)
    })
  })

  describe('press', () => {
    it('sends the verb and the data, and shows the card that comes back to this person only', async () => {
      const id = await post({ attachments: [card('for all')] })
      const { status } = await started.teams.press('omar', 'group', id, 'allow', { ref: 'x' })
      const { name, value, replyToId } = started.heard[0] ?? {}
      assert.deepEqual(
        [status, name, replyToId, value],
        [
          200,
          'adaptiveCard/action',
          id,
          { action: { type: 'Action.Execute', verb: 'allow', data: { ref: 'x' } }, trigger: 'manual' },
        ],
      )
      assert.deepEqual([textSeen('omar', id), textSeen('ines', id)], ['for Omar Haddad', 'for all'])
    })

    it('shows everybody the same again when the message is edited', async () => {
      const id = await post({ attachments: [card('for all')] })
      await started.teams.press('omar', 'group', id, 'allow', {})
      turn = (context) => context.updateActivity({ type: 'message', id, attachments: [card('edited')] })
      await started.teams.say('hanna', 'group', 'edit it')
      assert.deepEqual([textSeen('omar', id), textSeen('ines', id)], ['edited', 'edited'])
    })

    it('does not put an older answer over an edit that came while it was on its way', async () => {
      const id = await post({ attachments: [card('for all')] })
      turn = async (context) => {
        await context.updateActivity({ type: 'message', id, attachments: [card('edited')] })
        return { statusCode: 200, type: cardType, value: card('older').content }
      }
      await started.teams.press('omar', 'group', id, 'allow', {})
      assert.equal(textSeen('omar', id), 'edited')
    })

    it('leaves the card alone when a message or an error comes back', async () => {
      const id = await post({ attachments: [card('for all')] })
      for (const answer of [
        { statusCode: 200, type: 'application/vnd.microsoft.activity.message', value: 'done' },
        { statusCode: 400, type: 'application/vnd.microsoft.error', value: { code: 'x', message: 'y' } },
      ]) {
        turn = async () => answer
        assert.deepEqual((await started.teams.press('omar', 'group', id, 'allow', {})).body, answer)
      }
      assert.equal(textSeen('omar', id), 'for all')
    })

    it('belongs to the thread of its card', async () => {
      const id = await post({ attachments: [card('for all')] }, 'hanna', 'Mobile devices')
      await started.teams.press('omar', 'Mobile devices', id, 'allow', {})
      const thread = started.teams.messages('omar', 'Mobile devices').find((message) => message.id === id)?.thread
      assert.equal(started.heard[0]?.conversation.id, `19:mobile-devices@thread.tacv2;messageid=${thread}`)
    })
  })

  describe('see', () => {
    const triggers = () => started.heard.map(({ from, value }) => [from.id, value.trigger])

    it('refreshes a card for each one who looks at it, at most once a minute', async () => {
      const id = await post({ attachments: [card('for all', refresh())] })
      for (const who of ['omar', 'omar', 'ines']) await started.teams.see(who, 'group', id)
      assert.deepEqual(triggers(), [
        ['29:omar', 'automatic'],
        ['29:ines', 'automatic'],
      ])
      assert.deepEqual([textSeen('omar', id), textSeen('hanna', id)], ['for Omar Haddad', 'for all'])
    })

    it('refreshes again after a minute or an edit, if the card seen still asks for it', async () => {
      const id = await post({ attachments: [card('for all', refresh())] })
      turn = async () => ({ statusCode: 200, type: cardType, value: card('mine', refresh()).content })
      await started.teams.see('omar', 'group', id)
      time += 59_000
      await started.teams.see('omar', 'group', id)
      time += 2_000
      await started.teams.see('omar', 'group', id)
      turn = (context) => context.updateActivity({ type: 'message', id, attachments: [card('edited', refresh())] })
      await started.teams.say('hanna', 'group', 'edit it')
      await started.teams.see('omar', 'group', id)
      assert.equal(started.heard.filter(({ type }) => type === 'invoke').length, 3)
    })

    it('refreshes for those whom the card names only, and for nobody if it names none', async () => {
      const named = await post({ attachments: [card('for all', refresh(['29:ines']))] })
      const nobody = await post({ attachments: [card('for all', refresh([]))] })
      for (const who of ['omar', 'ines']) {
        for (const id of [named, nobody]) await started.teams.see(who, 'group', id)
      }
      assert.deepEqual(triggers(), [['29:ines', 'automatic']])
    })

    it('refreshes by hand whenever one wants', async () => {
      const id = await post({ attachments: [card('for all', refresh([]))] })
      turn = async () => ({ statusCode: 200, type: cardType, value: card('mine', refresh([])).content })
      await started.teams.refresh('omar', 'group', id)
      await started.teams.refresh('omar', 'group', id)
      assert.deepEqual(triggers(), [
        ['29:omar', 'manual'],
        ['29:omar', 'manual'],
      ])
    })

    it('asks nothing about a card without refresh', async () => {
      const id = await post({ attachments: [card('for all')] })
      assert.equal(await started.teams.see('omar', 'group', id), undefined)
      assert.deepEqual(started.heard, [])
    })
  })

  describe('dialogs, files and events', () => {
    it('opens a dialog and sends its form', async () => {
      const id = await post({ attachments: [card('for all')] })
      const data = { msteams: { type: 'task/fetch' }, ref: 'x' }
      turn = async () => ({ task: { type: 'continue', value: { title: 'Why?', card: card('form') } } })
      assert.deepEqual((await started.teams.submit('omar', 'group', id, data)).body, await turn({} as TurnContext))
      await started.teams.submitDialog('omar', 'group', id, { reason: 'lost' })
      assert.deepEqual(
        started.heard.map(({ name, value, replyToId }) => [name, value.data, replyToId]),
        [
          ['task/fetch', data, id],
          ['task/submit', { reason: 'lost' }, id],
        ],
      )
    })

    it('sends a plain Action.Submit as a message with a value', async () => {
      const id = await post({ attachments: [card('for all')] })
      await started.teams.submit('omar', 'group', id, { msteams: {} })
      const { type, text, value, replyToId } = started.heard[0] ?? {}
      assert.deepEqual(
        { type, text, value, replyToId },
        { type: 'message', text: undefined, value: { msteams: {} }, replyToId: id },
      )
    })

    it('takes an accepted file and hands it out', async () => {
      const consent = { contentType: 'application/vnd.microsoft.teams.card.file.consent', name: 'wipes.csv' }
      const content = { description: 'x', sizeInBytes: 3, acceptContext: { id: 1 }, declineContext: { id: 2 } }
      const id = await post({ attachments: [{ ...consent, content }] }, 'hanna', 'personal')
      let contentUrl = ''
      turn = async ({ activity }) => {
        if (activity.value.action !== 'accept') return
        contentUrl = activity.value.uploadInfo.contentUrl
        await fetch(activity.value.uploadInfo.uploadUrl, { method: 'PUT', body: 'a,b' })
      }
      await started.teams.consent('hanna', 'personal', id, true)
      assert.equal(await (await fetch(contentUrl)).text(), 'a,b')
      await started.teams.consent('hanna', 'personal', id, false)
      assert.deepEqual(
        started.heard.map(({ name, value }) => [name, value.action, value.context]),
        [
          ['fileConsent/invoke', 'accept', { id: 1 }],
          ['fileConsent/invoke', 'decline', { id: 2 }],
        ],
      )
    })

    it('tells the bot twice that it was added, in a channel with the team', async () => {
      await started.teams.install('hanna', 'Mobile devices')
      assert.deepEqual(
        started.heard.map(({ type, action, membersAdded, channelData }) => [
          type,
          action,
          membersAdded?.[0]?.id,
          channelData.team.name,
          channelData.eventType,
        ]),
        [
          [
            'conversationUpdate',
            undefined,
            `28:${started.teams.settings.MicrosoftAppId}`,
            'Contoso IT',
            'teamMemberAdded',
          ],
          ['installationUpdate', 'add', undefined, 'Contoso IT', undefined],
        ],
      )
    })

    it('sends any other invoke and any raw activity', async () => {
      const { teams, heard } = started
      const query = {
        commandId: 'find',
        parameters: [{ name: 'text', value: 'adele' }],
        queryOptions: { skip: 0, count: 25 },
      }
      await teams.invoke('hanna', 'personal', 'composeExtension/query', query)
      const edit = { type: 'messageUpdate', text: 'wipe', channelData: { eventType: 'editMessage' } }
      await teams.raw(teams.activity('hanna', 'personal', edit))
      assert.deepEqual(
        [heard[0]?.value, heard[1]?.type, heard[1]?.channelData.eventType],
        [query, 'messageUpdate', 'editMessage'],
      )
    })
  })

  it('waits for what the bot does later', async () => {
    const { teams, adapter } = started
    turn = async (context) => {
      const sent = await context.sendActivity('Working')
      const reference = TurnContext.getConversationReference(context.activity)
      setTimeout(() => {
        adapter.continueConversationAsync(teams.settings.MicrosoftAppId, reference, async (later) => {
          await later.updateActivity({ type: 'message', id: sent?.id, text: 'Done' })
        })
      }, 20)
    }
    await teams.say('hanna', 'personal', 'sync')
    const found = await teams.until(() => teams.messages('hanna', 'personal').find(({ text }) => text === 'Done'))
    assert.ok(found.edited)
    await assert.rejects(
      teams.until(() => undefined, 10),
      /Nothing found/,
    )
  })
})
