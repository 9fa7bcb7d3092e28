import assert from 'node:assert/strict'
import { BotError } from '../src/errors.ts'
import type { Collection, Store } from '../src/store/store.ts'
import { eventually, type Json, people, startDesk, type TestDesk, textOf } from './desk.ts'

/** A store whose disk is full as soon as somebody says so. */
function createDisk() {
  const full = { documents: false, logs: false }
  const check = (isFull: boolean) => {
    if (isFull) throw new BotError('STORE_UNWRITABLE', '', { cause: new Error('ENOSPC: no space left on device') })
  }
  const collection = <T>(stored: Collection<T>): Collection<T> => ({
    ...stored,
    async put(...given) {
      check(full.documents)
      return stored.put(...given)
    },
    async delete(...given) {
      check(full.documents)
      return stored.delete(...given)
    },
    async update(...given) {
      check(full.documents)
      return stored.update(...given)
    },
  })
  const around = (store: Store): Store => ({
    ...store,
    open: async (definition) => collection(await store.open(definition)),
    async append(...given) {
      check(full.logs)
      return store.append(...given)
    },
  })
  return { full, around }
}

describe('a bad day', () => {
  const { full, around } = createDisk()
  let desk: TestDesk

  before(async () => {
    desk = await startDesk({}, { around })
  })
  after(() => desk.close())
  afterEach(async () => {
    full.documents = full.logs = false
    await desk.control('DELETE', 'faults')
  })

  /** What the bot says in the end, when a card that said Working has changed. */
  async function say(text: string, who: string = people.helpdesk) {
    const { status, posted } = await desk.teams.say(who, 'personal', text)
    assert.deepEqual([status, posted.length], [200, 1], text)
    const shown = () =>
      textOf(desk.teams.messages(who, 'personal').find(({ id }) => id === posted[0]?.id)?.attachments[0]?.content)
    return eventually(() => !shown().startsWith('Working') && shown())
  }
  const fault = (cmdlet: string, then: string, more: object = {}) =>
    desk.control('POST', 'faults', { cmdlet, then, ...more })
  const ran = async (cmdlet: string) =>
    (await desk.control('GET', 'calls')).filter((one: Json) => one.cmdlet === cmdlet).length
  const blocked = async (name: string): Promise<string[]> =>
    (await desk.control('GET', `mailboxes/${name}@contoso.com`)).ActiveSyncBlockedDeviceIDs
  /** The records of the last command that changed something: its start and its end. */
  const recorded = () =>
    eventually(async () => {
      const records = await desk.audit()
      const start = records.findLast(({ outcome }) => outcome === 'started')
      const end = records.find(({ of }) => of === start?.n)
      return start && end && { start, end }
    })

  describe('of Exchange', () => {
    it('that cannot be reached changes nothing, and that is what is said', async () => {
      await fault('Get-MobileDevice', 'lost-before', { times: 5 })
      const before = await ran('Set-CASMailbox')
      assert.match(
        await say('block carla_Android lost in a taxi'),
        /Exchange could not be reached .*so nothing was changed; try again in a minute/,
      )
      assert.equal(await ran('Set-CASMailbox'), before)
      const { end } = await recorded()
      assert.deepEqual([end.outcome, end.note], ['failed', 'EXCHANGE_UNREACHABLE'])
    }).timeout(60_000)

    it('that loses a request before it runs: the outcome is unknown, and it is not sent again', async () => {
      const before = await ran('Set-CASMailbox')
      await fault('Set-CASMailbox', 'lost-before')
      assert.match(
        await say('block carla_Android lost in a taxi'),
        /Outcome unknown\n.*may or may not have been made; look at the device/,
      )
      assert.equal(await ran('Set-CASMailbox'), before)
      assert.deepEqual(await blocked('carla'), [])
      const { end } = await recorded()
      assert.deepEqual([end.outcome, end.note], ['unknown', 'EXCHANGE_OUTCOME_UNKNOWN'])
    })

    it('that loses its answer: the lists are read, and what they show is what is said', async () => {
      const before = await ran('Set-CASMailbox')
      await fault('Set-CASMailbox', 'lost-after')
      assert.match(await say('block carla_Android lost in a taxi'), /carla_Android is blocked for its mailbox/)
      assert.equal(await ran('Set-CASMailbox'), before + 1)
      assert.deepEqual(await blocked('carla'), ['androidc2905518347'])
      assert.equal((await recorded()).end.outcome, 'done')
    })

    it('that loses its answer and cannot be read either: nobody knows, and nothing else is said', async () => {
      const before = await ran('Set-CASMailbox')
      await fault('Set-CASMailbox', 'lost-after')
      await fault('Get-CASMailbox', 'status', { status: 403, times: 5 })
      assert.match(await say('reset carla_Android'), /Outcome unknown/)
      assert.equal(await ran('Set-CASMailbox'), before + 1)
    })

    for (const [which, then, more] of [
      ['answers nonsense', 'garbled', {}],
      ['breaks in between', 'status', { status: 502 }],
    ] as const)
      it(`that ${which}: a write is sent once`, async () => {
        const before = await ran('Set-CASMailbox')
        await fault('Set-CASMailbox', then, more)
        const text = await say('block gwen_iPhone lost in a taxi')
        const isBlocked = (await blocked('gwen')).length > 0
        assert.match(text, isBlocked ? /gwen_iPhone is blocked/ : /Outcome unknown/)
        assert.ok((await ran('Set-CASMailbox')) <= before + 1)
        await say('reset gwen_iPhone')
      })

    it('that is too busy: nothing was done', async () => {
      const before = await ran('Set-CASMailbox')
      await fault('Set-CASMailbox', 'status', { status: 429, retryAfter: 1 })
      assert.match(await say('block gwen_iPhone lost in a taxi'), /Exchange refused: it is busy/)
      assert.equal(await ran('Set-CASMailbox'), before)
      assert.equal((await recorded()).end.outcome, 'failed')
    })

    it('that does not let the app: its own words say why', async () => {
      await desk.control('POST', 'organizations/Contoso', { rights: ['-Set-CASMailbox'] })
      try {
        assert.match(
          await say('block gwen_iPhone lost in a taxi'),
          /Exchange refused: The role assigned to application/,
        )
      } finally {
        await desk.control('POST', 'organizations/Contoso', { rights: null })
      }
    })

    it('that takes no token any more: it is fetched anew, and if that fails too, nothing was done', async () => {
      await desk.control('DELETE', 'tokens')
      assert.match(await say('allow gwen_iPhone'), /gwen_iPhone is allowed/)
      const { secret } = (await desk.control('GET', 'organizations')).find(({ name }: Json) => name === 'Contoso')
      await desk.control('DELETE', 'tokens')
      await desk.control('POST', 'organizations/Contoso', { secret: 'another' })
      try {
        const text = await say('block gwen_iPhone lost in a taxi')
        assert.match(text, /Entra ID refused it \(AADSTS7000215\).*nothing was changed/)
        assert.ok(!text.includes(secret))
      } finally {
        await desk.control('POST', 'organizations/Contoso', { secret })
      }
      assert.match(await say('reset gwen_iPhone'), /gwen_iPhone has no personal exemption/)
    })

    it('that no longer has the device: it is forgotten, and nothing was changed', async () => {
      const [{ Guid }] = await desk.control('GET', 'devices?mailbox=dmitri@contoso.com')
      await desk.control('POST', 'cmdlets', { cmdlet: 'Remove-MobileDevice', parameters: { Identity: Guid } })
      assert.match(await say('device dmitri_iPhone'), /^dmitri_iPhone|I know no device/)
      const before = await ran('Set-CASMailbox')
      const text = await say('block dmitri_iPhone lost in a taxi')
      assert.match(text, /Exchange no longer has dmitri_iPhone, so nothing was changed|I know no device/)
      assert.match(await say('device dmitri_iPhone'), /I know no device “dmitri_iPhone”/)
      assert.equal(await ran('Set-CASMailbox'), before)
    })

    it('that has no such page on the way does not make a device vanish', async () => {
      await fault('Get-MobileDevice', 'status', { status: 404, times: 2 })
      assert.match(await say('block farid_iPhone lost in a taxi'), /Exchange refused: HTTP 404/)
      assert.match(await say('device farid_iPhone'), /^farid_iPhone/)
    })
  })

  describe('of the disk', () => {
    it('that takes no record: look-ups go on and say so, and nothing that changes anything runs', async () => {
      full.logs = true
      const before = await ran('Set-CASMailbox')
      assert.match(
        await say('block frontdesk_iPhone lost in a taxi'),
        /Nothing was done, because it could not be recorded; tell the operator/,
      )
      assert.equal(await ran('Set-CASMailbox'), before)
      assert.match(await say('find adele'), /adele_iPhone/)
      assert.match(await say('device adele_iPhone'), /^adele_iPhone/)
      assert.match(await say('status'), /[Aa]udit[\s\S]*nothing that changes anything runs/)
      full.logs = false
      assert.match(await say('block frontdesk_iPhone lost in a taxi'), /frontdesk_iPhone is blocked/)
      assert.doesNotMatch(await say('status'), /nothing that changes anything runs/)
    })

    it('that takes no document before Exchange was asked: nothing was done, and that is said', async () => {
      full.documents = true
      const before = await ran('Set-CASMailbox')
      await desk.control('POST', 'devices/GWEN50N4LTU6QV8B2KCE5M1SGH/sync', { DeviceOS: 'iOS 26.9' })
      assert.match(await say('block gwen_iPhone lost in a taxi'), /Nothing was done, because it could not be stored/)
      assert.equal(await ran('Set-CASMailbox'), before)
      assert.match(await say('find adele'), /adele_iPhone/)
    })

    it('that takes no document after Exchange has done it: it is done, and that is said', async () => {
      full.documents = true
      const text = await say('block hugo_iPhone lost in a taxi')
      assert.match(text, /hugo_iPhone is blocked for its mailbox/)
      assert.equal((await recorded()).end.outcome, 'done')
      await say('allow hugo_iPhone')
      const { ActiveSyncAllowedDeviceIDs } = await desk.control('GET', 'mailboxes/hugo@contoso.com')
      assert.deepEqual(ActiveSyncAllowedDeviceIDs, ['HUG0B0N4LTU6QV8B2KCE5M1SGH'])
    })
  })

  describe('or a good one', () => {
    it('has on record what was asked, before it is done and after', async () => {
      await say('block adele_iPhone lost in a taxi')
      const { start, end } = await recorded()
      const { id, tenant } = { id: '0d4c7e52-91ab-4f3e-a6d8-57b2c9e01f34', tenant: desk.teams.directory.tenant }
      assert.deepEqual(start.who, { tenant, id })
      assert.deepEqual([start.command, start.outcome, start.reason], ['block', 'started', 'lost in a taxi'])
      assert.match(start.target ?? '', /^Contoso\/[0-9a-f-]{36}$/)
      assert.deepEqual([end.command, end.outcome, end.of], ['block', 'done', start.n])
      assert.ok(start.activity)
      await say('reset adele_iPhone')
    })

    it('has look-ups and refusals on record, and nothing of what strangers typed', async () => {
      const count = (await desk.audit()).length
      await say('find adele')
      await say('block adele_iPhone because', people.nobody)
      await say('my password is hunter2')
      const [read, refused, unknown] = await eventually(async () => {
        const records = (await desk.audit()).slice(count)
        return records.length >= 3 && records
      })
      assert.deepEqual([read?.command, read?.outcome, read?.target], ['find', 'read', 'text:adele'])
      assert.deepEqual([refused?.command, refused?.outcome, refused?.note], ['block', 'refused', 'ACCESS_DENIED'])
      assert.deepEqual([unknown?.outcome, unknown?.note], ['refused', 'COMMAND_UNKNOWN'])
      assert.ok(!JSON.stringify(unknown).includes('hunter2'))
    })
  })
})
