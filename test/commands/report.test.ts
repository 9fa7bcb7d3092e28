import assert from 'node:assert/strict'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { type Chat, chatOf, type Seen } from './chat.ts'

const reports = ['stale', 'legacy', 'os', 'access', 'wipes', 'exemptions', 'compliance'] as const
const consentCard = 'application/vnd.microsoft.teams.card.file.consent'
const infoCard = 'application/vnd.microsoft.teams.card.file.info'

describe('report', () => {
  let desk: TestDesk
  let viktor: Chat
  before(async () => {
    desk = await startDesk()
    viktor = chatOf(desk, people.full)
  })
  after(() => desk.close())

  /** The attachments of this kind that somebody was sent, oldest first. */
  const attached = (who: string, kind: string): Json[] =>
    desk.teams
      .messages(who, 'personal')
      .flatMap(({ id, attachments }) => attachments.map((attachment) => ({ id, ...attachment })))
      .filter(({ contentType }) => contentType === kind)

  const bars = ({ text }: Seen) => [...text.matchAll(/^\s*(█*) {2}([\d,]+)$/gm)].map(([, , n = '']) => n)

  /** The file that somebody is offered when asking for it. */
  async function offerTo(who: string, which: string): Promise<Json> {
    const before = attached(who, consentCard).map(({ id }) => id)
    await desk.teams.say(who, 'personal', `report ${which} csv`)
    return eventually(() => attached(who, consentCard).find(({ id }) => !before.includes(id)))
  }

  /** Resolves when an offer does not show any more. */
  const gone = (who: string, { id }: Json) =>
    eventually(() => desk.teams.messages(who, 'personal').some((one) => one.id === id && one.deleted))

  /** What the file of a report says: asked for, offered, accepted. */
  async function fileOf(which: string, who: string = people.full): Promise<string[]> {
    const offer = await offerTo(who, which)
    const taken = attached(who, infoCard).length
    assert.equal((await desk.teams.consent(who, 'personal', offer.id, true)).status, 200)
    const { contentUrl } = await eventually(() => attached(who, infoCard)[taken])
    const text = await (await fetch(contentUrl)).text()
    return text.replace('\uFEFF', '').trim().split('\r\n')
  }

  for (const which of reports)
    it(`${which} counts in bars, and lists in a file`, async () => {
      const card = await viktor.say(`report ${which}`)
      const [head = '', ...rows] = await fileOf(which)
      assert.match(head, /^(Device|Owner|Request),/)
      for (const row of rows) assert.ok(row.length > 10, row)
      if (which === 'wipes') return
      assert.ok(bars(card).length > 0, card.text)
      assert.ok(rows.length > 0)
    })

  it('counts every device once', async () => {
    const total = /(\d[\d,]*) devices/.exec((await viktor.say('status')).text)?.[1]?.replaceAll(',', '')
    for (const which of ['os', 'access', 'legacy', 'compliance']) {
      const counted = bars(await viktor.say(`report ${which}`)).reduce((sum, n) => sum + Number(n.replace(',', '')), 0)
      assert.equal(String(counted), total, which)
    }
    assert.equal(String((await fileOf('os')).length - 1), total)
  })

  it('leads from a bar to the devices that it counts', async () => {
    const card = await viktor.say('report access')
    const bar = card.card.body
      .flatMap(({ items }: Json) => items ?? [])
      .find(({ selectAction }: Json) => JSON.stringify(selectAction ?? '').includes('Quarantined'))
    const count = JSON.stringify(bar).match(/" {2}([\d,]+)"/)?.[1]
    const found = await viktor.press(card, bar.selectAction.verb, bar.selectAction.data)
    assert.match(found.text, new RegExp(`^${count} devices?`))
    assert.match(found.text, /Quarantined/)
  })

  it('lists exemptions with their mailbox, and wipes with who asked and why', async () => {
    const hanna = chatOf(desk, people.helpdesk)
    await hanna.say('block gwen_iPhone lost in a taxi')
    assert.match((await fileOf('exemptions')).join('\n'), /gwen\S*,blocked,\S+,gwen_iPhone,Contoso/)
    const preview = await hanna.say('wipe adele_Outlook =cmd(left the company)')
    await hanna.click(preview, 'Ask for approval')
    assert.match((await fileOf('wipes')).join('\n'), /^R\d+,.*adele_Outlook.*Hanna Berg,'=cmd\(left the company\)/m)
    assert.match((await viktor.say('report wipes')).text, /Waiting/)
  })

  it('makes the file with the rights of the moment in which it is accepted, and for its reader alone', async () => {
    const offer = await offerTo(people.helpdesk, 'os')
    const value = {
      type: 'fileUpload',
      action: 'accept',
      context: offer.content.acceptContext,
      uploadInfo: {
        uploadUrl: `${desk.teams.url}/files/none`,
        contentUrl: 'https://x.example/',
        name: 'x',
        uniqueId: 'x',
      },
    }
    const uploadInfo = { ...value.uploadInfo, fileType: 'csv' }
    const before = desk.logged.length
    await desk.teams.invoke(people.nobody, 'personal', 'fileConsent/invoke', { ...value, uploadInfo })
    await eventually(() => desk.logged.slice(before).some((line) => line.includes('may not be had any more')))
    assert.deepEqual(attached(people.nobody, infoCard), [])
  })

  it('puts no file where a forged consent says', async () => {
    const offer = await offerTo(people.full, 'os')
    const taken = attached(people.full, infoCard).length
    for (const uploadUrl of ['http://files.example/x', 'ftp://127.0.0.1/x', 'no address']) {
      const before = desk.logged.length
      await desk.teams.invoke(people.full, 'personal', 'fileConsent/invoke', {
        type: 'fileUpload',
        action: 'accept',
        context: offer.content.acceptContext,
        uploadInfo: { uploadUrl, contentUrl: 'https://x.example/', name: 'x.csv', uniqueId: 'x', fileType: 'csv' },
      })
      await eventually(() => desk.logged.slice(before).some((line) => line.includes('work after the answer failed')))
    }
    assert.equal(attached(people.full, infoCard).length, taken)
  })

  it('is not made when it is declined', async () => {
    const offer = await offerTo(people.full, 'os')
    const taken = attached(people.full, infoCard).length
    assert.equal((await desk.teams.consent(people.full, 'personal', offer.id, false)).status, 200)
    await gone(people.full, offer)
    assert.equal(attached(people.full, infoCard).length, taken)
  })

  it('is offered once: what was accepted is taken away, but not before the file is there', async () => {
    const offer = await offerTo(people.helpdesk, 'access')
    const taken = attached(people.helpdesk, infoCard).length
    const before = desk.logged.length
    const nowhere = `${desk.teams.url}/files/none`
    const accept = (uploadUrl: string) =>
      desk.teams.invoke(
        people.helpdesk,
        'personal',
        'fileConsent/invoke',
        {
          type: 'fileUpload',
          action: 'accept',
          context: offer.content.acceptContext,
          uploadInfo: {
            contentUrl: 'https://contoso-my.sharepoint.com/personal/hanna/Documents/Applications/access.csv',
            name: 'access.csv',
            uploadUrl,
            uniqueId: '1150D938-8870-4044-9F2C-5BBDEBA70C8C',
            fileType: 'csv',
            etag: '123',
          },
        },
        offer.id,
      )
    assert.equal((await accept(nowhere)).status, 200)
    await eventually(() => desk.logged.slice(before).some((line) => line.includes('the file was not taken: HTTP 404')))
    assert.ok(attached(people.helpdesk, consentCard).some(({ id }) => id === offer.id))
    assert.equal((await desk.teams.consent(people.helpdesk, 'personal', offer.id, true)).status, 200)
    await gone(people.helpdesk, offer)
    await eventually(() => attached(people.helpdesk, infoCard).length === taken + 1)
  })

  it('is handed out also where Teams does not let the offer be taken away', async () => {
    const offer = await offerTo(people.helpdesk, 'os')
    const taken = attached(people.helpdesk, infoCard).length
    const before = desk.logged.length
    desk.teams.fault({ operation: 'delete', times: 1, effect: 'status', status: 403 })
    await desk.teams.consent(people.helpdesk, 'personal', offer.id, true)
    await eventually(() => attached(people.helpdesk, infoCard).length === taken + 1)
    assert.ok(desk.logged.slice(before).some((line) => line.includes('an offered file still shows')))
  })

  it('hands out no file where others read along', async () => {
    const channel = chatOf(desk, people.full, 'Mobile devices')
    const { text, card } = await channel.say('report os csv')
    assert.match(text, /ask for it in our chat, or in the tab/)
    assert.deepEqual(card.actions ?? [], [])
  })

  it('says which reports there are', async () => {
    assert.match((await viktor.say('report nonsense')).text, /one of stale, legacy, os, access/)
    assert.match((await viktor.say('report os please')).text, /only the word csv/)
  })

  it('is refused to whoever may read no device', async () => {
    assert.match((await chatOf(desk, people.nobody).say('report os')).text, /Collection\.ReadResource/)
  })
})
