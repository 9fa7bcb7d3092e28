import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { type Chat, chatOf, writesOf } from './chat.ts'

describe('a batch', () => {
  let desk: TestDesk
  let chat: Chat
  let writes: ReturnType<typeof writesOf>

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '1000000' })
    chat = chatOf(desk, people.helpdesk)
    writes = writesOf(desk)
    for (const n of [1, 2, 3, 4, 5, 6]) {
      await desk.control('POST', 'mailboxes', { Alias: `batch${n}` })
      await desk.control('POST', 'devices', {
        mailbox: `batch${n}`,
        DeviceModel: 'Batchphone 1',
        DeviceId: `batchphone${n}`,
      })
    }
    await desk.sync()
  })
  after(() => desk.close())
  afterEach(() => desk.control('DELETE', 'faults'))
  beforeEach(() => writes())

  const ended = async (text = /is done/) => {
    const message = await eventually(() =>
      desk.teams.messages(people.helpdesk, 'personal').findLast((one) => text.test(JSON.stringify(one.attachments))),
    )
    return JSON.stringify(message)
  }
  const blocked = async () => {
    const lists = (await writes()).filter(({ cmdlet }) => cmdlet === 'Set-CASMailbox')
    return lists.map(({ parameters }: Json) => parameters.ActiveSyncBlockedDeviceIDs.add?.[0]).filter(Boolean)
  }

  it('is offered on a list of more than one device, to those who may', async () => {
    const { card } = await chat.say('find batchphone')
    assert.ok(card.actions.some(({ title }: Json) => title === 'Block all 6'))
    for (const words of ['find batchphone1', 'find'])
      assert.ok(!JSON.stringify((await chat.say(words)).card.actions ?? []).includes('Block all'), words)
  })

  it('asks for a reason, shows what it would do, and does it once to each', async () => {
    const form = await chat.click(await chat.say('find batchphone'), 'Block all 6')
    const preview = await chat.click(form, 'Block all that were found', { reason: 'not supported any more' })
    assert.match(preview.text, /Block 6 devices\?/)
    assert.deepEqual(await writes(), [])
    const begun = await chat.click(preview, 'Block 6 devices')
    assert.match(begun.text, /B1001/)
    await ended()
    assert.deepEqual(
      (await blocked()).sort(),
      [1, 2, 3, 4, 5, 6].map((n) => `batchphone${n}`),
    )
    const records = (await desk.audit()).filter(({ note, command }) => note === 'B1001' && command === 'block')
    assert.deepEqual(
      [
        records.filter(({ outcome }) => outcome === 'started').length,
        records.filter(({ outcome }) => outcome === 'done').length,
      ],
      [6, 6],
    )
    assert.ok(records.every(({ reason }) => reason === 'not supported any more'))
  })

  it('leaves out what is so already', async () => {
    const { text } = await chat.say('batch block reason:"once more" batchphone')
    assert.match(text, /Block 0 devices\?/)
    assert.match(text, /6 devices blocked already/)
  })

  it('goes on after a restart where it stopped, and does each device', async () => {
    await desk.control('POST', 'faults', { cmdlet: 'Set-CASMailbox', times: 6, then: 'slow', ms: 150 })
    const preview = await chat.say('batch allow reason:"it was a mistake" batchphone')
    await chat.click(preview, 'Allow 6 devices')
    await eventually(async () => (await writes()).length > 0)
    await desk.restart()
    await ended(/B1002 is done/)
    const lists = (await desk.control('GET', 'calls')).filter(({ cmdlet }: Json) => cmdlet === 'Set-CASMailbox')
    const allowed = lists.flatMap(({ parameters }: Json) => parameters.ActiveSyncAllowedDeviceIDs.add ?? [])
    assert.deepEqual(
      [...new Set(allowed)].sort(),
      [1, 2, 3, 4, 5, 6].map((n) => `batchphone${n}`),
    )
  })

  it('stops when somebody says so; what was done stays done', async () => {
    await desk.control('POST', 'faults', { cmdlet: 'Set-CASMailbox', times: 6, then: 'slow', ms: 1500 })
    const begun = await chat.click(await chat.say('batch block reason:"stop it" batchphone'), 'Block 6 devices')
    const id = /B\d+/.exec(begun.text)?.[0]
    const { text } = await chat.click(begun, 'Stop')
    assert.match(text, new RegExp(`${id} was stopped`))
    await desk.control('DELETE', 'faults')
    await eventually(async () => /Done\n.*[1-6]/.test((await chat.press(begun, 'batch-progress', { id })).text))
    await setTimeout(300)
    assert.ok((await blocked()).length < 6)
  })

  it('says what Exchange refused, and goes on', async () => {
    await desk.control('POST', 'faults', { cmdlet: 'Set-CASMailbox', times: 1, then: 'status', status: 400 })
    const begun = await chat.click(await chat.say('batch allow reason:"again" batchphone'), /^Allow \d devices?$/)
    const id = /B\d+/.exec(begun.text)?.[0]
    const { text } = await eventually(async () => {
      const seen = await chat.press(begun, 'batch-progress', { id })
      return /is done/.test(seen.text) && seen
    })
    assert.match(text, /✕\n?.*Exchange refused/s)
  })

  it('does nothing when other devices would be meant than were shown', async () => {
    const preview = await chat.say('batch block reason:"all of them" batchphone')
    await chat.say(`block ${/batch\d_iPhone {2}(\w+)/.exec(preview.text)?.[1]} somebody was faster`)
    await writes()
    const { text } = await chat.click(preview, /Block \d devices/)
    assert.match(text, /These are not the devices that you saw, so nothing was done/)
    assert.deepEqual(await writes(), [])
  })

  it('is its owner’s, and is never a wipe', async () => {
    const other = chatOf(desk, people.approver)
    assert.match((await other.say('batch-progress B1001')).text, /You have no batch/)
    assert.match((await other.say('batch-stop B1001')).text, /You have no batch/)
    assert.match((await chat.say('batch wipe reason:"no way" batchphone')).text, /allow or block/)
    assert.match((await chat.say('batch block reason:"everything"')).text, /too many at once/)
  })
})
