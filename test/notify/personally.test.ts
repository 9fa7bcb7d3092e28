import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chatOf } from '../commands/chat.ts'
import { type Json, people, startDesk, type TestDesk, textOf } from '../desk.ts'

/** The Entra object id of Noah, who has the bot and no role. */
const noah = '3e58a7d1-0c9f-4b62-9d84-6a2f51b7c08d'

for (const ownerNotice of ['on', 'off'])
  describe(`what people are told personally (OWNER_NOTICE=${ownerNotice})`, () => {
    let desk: TestDesk

    before(async () => {
      desk = await startDesk({ OWNER_NOTICE: ownerNotice })
      for (const who of Object.values(people)) await chatOf(desk, who).say('help')
      await desk.control('POST', 'mailboxes', {
        ...{ Alias: 'noah', DisplayName: 'Noah Klein', ExternalDirectoryObjectId: noah },
      })
    })
    after(() => desk.close())

    /** What somebody was sent that answers nothing. */
    const sentTo = (who: string, where = 'personal'): string[] =>
      desk.teams
        .messages(who, where)
        .filter(({ from, replyToId }) => from.id.startsWith('28:') && replyToId === undefined)
        .map(({ attachments }) => textOf((attachments as Json)[0]?.content))

    /** A wipe of a new phone from its request to its approval. */
    async function wipe(mailbox: string): Promise<string> {
      const { Guid, DeviceId } = await desk.control('POST', 'devices', { mailbox, ClientVersion: '16.1' })
      await desk.control('POST', `devices/${DeviceId}/sync`)
      await desk.sync()
      const [helpdesk, approver] = [chatOf(desk, people.helpdesk), chatOf(desk, people.approver)]
      const shown = await helpdesk.say(`wipe ${Guid} stolen in Rome`)
      const asked = await helpdesk.click(shown, 'Ask for approval', { shortId: Guid.slice(0, 8) })
      const id = /R\d+/.exec(asked.text)?.[0] ?? ''
      await approver.click(await approver.finds(new RegExp(`${id}\\nWaiting for approval`)), 'Approve')
      for (const who of [helpdesk, approver]) await who.finds(new RegExp(`${id}: with Exchange`))
      return id
    }

    /** Everything that anybody was to be told, as it lies on disk. */
    async function published(): Promise<string> {
      const folder = join(desk.folder, 'store', 'events')
      const parts = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
      return (await Promise.all(parts.map((name) => readFile(join(folder, name), 'utf8')))).join('')
    }

    if (ownerNotice === 'on') {
      it('is a receipt to the owner of a phone that is about to be erased, if they have the bot', async () => {
        await wipe('noah')
        const { text } = await chatOf(desk, people.nobody).finds(/was approved/)
        assert.match(text, /noah_iPhone/)
        assert.match(text, /about to erase this from your phone: everything on it\..*call your helpdesk now/)
        assert.doesNotMatch(text, /stolen in Rome|Hanna|Omar/)
        await wipe('adele')
        assert.equal(sentTo(people.nobody).length, 1, 'only of their own, and once')
      })

      it('is of security, to Full Administrators for as long as no conversation hears of it', async () => {
        const stranger = chatOf(desk, people.nobody)
        const [viktor, general] = [chatOf(desk, people.full), chatOf(desk, people.full, 'General')]
        assert.match((await stranger.say('block adele_iPhone for fun')).text, /Collection\.ModifyResource/)
        await viktor.finds(/Refused attempts of Noah Klein\nNoah Klein tried “block”, which their roles do not allow\./)
        await general.say('subscribe security')
        await stranger.say('delete adele_iPhone for fun')
        await general.finds(/Noah Klein tried “delete”/)
        await general.say('unsubscribe')
        await viktor.finds(/Viktor Lind ended the security notifications/)
        await stranger.say('connectors')
        await viktor.finds(/Noah Klein tried “connectors”/)
        assert.ok(!sentTo(people.full).some((text) => text.includes('tried “delete”')))
        for (const who of [people.helpdesk, people.approver, people.security, people.nobody])
          assert.ok(!sentTo(who).some((text) => text.includes('Refused attempts')), who)
      })
    } else
      it('is nothing to the owner of a phone', async () => {
        const id = await wipe('noah')
        assert.ok((await published()).includes(`"${id} v`))
        assert.ok(!(await published()).includes(`"${id} owner"`))
        assert.deepEqual(sentTo(people.nobody), [])
      })
  }).timeout(120_000)
