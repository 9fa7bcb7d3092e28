import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { checkChain } from '../../src/audit/chain.ts'
import { chatOf, type Seen } from '../commands/chat.ts'
import { eventually, type Json, people } from '../desk.ts'
import { startPostgres, type TestPostgres } from '../store/postgres.ts'
import { startProxy } from '../store/proxy.ts'
import { type Replica, type Replicas, startReplicas } from './replicas.ts'

/** Seconds in which anything happens, also where others are busy. */
const busy = 60

/** How many replicas the crash test ends. */
const deaths = Number(process.env.DEATHS ?? 2)

const steps = ['judged', 'recorded', 'begun', 'sent'] as const
const oneOf = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T

describe('several replicas', function () {
  this.timeout(600_000)
  let server: TestPostgres
  let address: string
  let proxy: Awaited<ReturnType<typeof startProxy>>
  let desk: Replicas
  let one: Replica
  let other: Replica

  before(async () => {
    server = await startPostgres()
    address = await server.database()
    proxy = await startProxy(address)
    desk = await startReplicas(proxy.url, { RIGHTS_APPROVAL: 'off', BRAKE: '99,99,99,99' })
    one = await desk.start()
    other = await desk.start()
  })
  after(async () => {
    await desk?.close()
    await proxy?.close()
    await server?.close()
  })

  const chat = (who: string) => chatOf(desk, who)
  /** What somebody reads who asks this replica. */
  const answerOf = (replica: Replica, who: string, words: string) => desk.through(replica, () => chat(who).say(words))
  const reads = (replica: Replica, who: string, words: string, pattern: RegExp) =>
    eventually(async () => pattern.test((await answerOf(replica, who, words)).text), busy)
  const callsOf = async (cmdlet: string): Promise<Json[]> =>
    (await desk.control('GET', 'calls')).filter((call: Json) => call.cmdlet === cmdlet)
  const blocksOf = async (id: string) =>
    (await callsOf('Set-CASMailbox')).filter(({ parameters }) => JSON.stringify(parameters).includes(id)).length
  const deviceOf = async (mailbox: string, type: string): Promise<Json> =>
    (await desk.control('GET', `devices?mailbox=${mailbox}`)).find(({ DeviceType }: Json) => DeviceType === type)

  const states = async (): Promise<Record<string, { state: string; guid: string }>> => {
    const found = await server.run("select body from device_desk.documents where collection = 'requests'", address)
    return Object.fromEntries(found.map(({ body }) => [body.id, { state: body.status.state, guid: body.subject.guid }]))
  }

  /** Asks for a wipe, up to the request that waits. */
  async function askFor(who: string, guid: string): Promise<string> {
    const shown = await chat(who).say(`wipe ${guid} lost at sea`)
    const [, known] = /“request (R\d+)”/.exec(shown.text) ?? []
    if (known !== undefined) return known
    const { data } = shown.card.actions.find(({ verb }: Json) => verb === 'wipe')
    const shortId = guid.slice(0, 8)
    const asked = await chat(who).press(shown, 'wipe', { ...data, shortId })
    const [id] = /R\d+/.exec(asked.text) ?? []
    assert.ok(id, asked.text)
    return id
  }
  /** The button to approve; a request that is decided has none, and maybe no other. */
  const approveOn = (card: Seen): Json => card.card.actions?.find(({ verb }: Json) => verb === 'approve')

  it('tell the open tabs of one what is done through another', async () => {
    const { aadObjectId: id = '', name, email } = desk.teams.directory.person(people.full)
    const authorization = `Bearer ${await desk.teams.personToken({ id, name, email })}`
    const leaving = new AbortController()
    const { body } = await fetch(`${one.url}/tab/api/events`, { headers: { authorization }, signal: leaving.signal })
    await answerOf(other, people.full, 'connector-edit Contoso deltaSyncMins:60')
    assert.ok(body)
    let heard = ''
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      heard += text
      if (heard.includes('"connectors"')) break
    }
    leaving.abort()
  })

  it('answer as one: what is changed through one, the others know', async () => {
    const { aadObjectId: nobody } = desk.teams.directory.person(people.nobody)
    await answerOf(one, people.full, 'block adele_iPhone left in a train')
    await reads(other, people.helpdesk, 'device adele_iPhone', /blocked by a personal exemption/)
    await reads(other, people.nobody, 'whoami', /You have no role/)
    await answerOf(one, people.full, `grant ${nobody} Helpdesk Operator on All Mobile Devices`)
    await reads(other, people.nobody, 'whoami', /Helpdesk Operator/)
    await answerOf(other, people.full, `revoke ${nobody}`)
    await reads(one, people.nobody, 'whoami', /You have no role/)
  })

  it('run an activity once that Teams sends to each of them', async () => {
    const { DeviceId: id } = await deviceOf('carla@contoso.com', 'Android')
    const message = {
      ...desk.teams.activity(people.full, 'personal', { type: 'message' }),
      text: `block ${id} left behind`,
    }
    const answers = await Promise.all(Array.from({ length: 6 }, () => desk.teams.raw(message)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const posted = desk.teams.messages(people.full, 'personal').filter(({ replyToId }) => replyToId === message.id)
    assert.equal(posted.length, 1)
    assert.equal(await blocksOf(id), 1)
  })

  it('carry out a wipe once when two people press Approve at once, one in each', async () => {
    const phones = (await desk.control('GET', 'devices?text=iPhone&limit=60')).slice(20, 23)
    for (const { Guid: guid } of phones) {
      const id = await askFor(people.helpdesk, guid)
      const cards = await Promise.all(
        [people.approver, people.security].map(async (who) => ({ who, card: await chat(who).say(`approve ${id}`) })),
      )
      const pressed = await Promise.all(
        cards.map(({ who, card }) => desk.teams.press(who, 'personal', card.id, 'approve', approveOn(card).data)),
      )
      assert.deepEqual(new Set(pressed.map(({ status }) => status)), new Set([200]))
      await eventually(async () => (await states())[id]?.state === 'handed', busy)
      const wipes = (await callsOf('Clear-MobileDevice')).filter(({ parameters }) =>
        JSON.stringify(parameters).includes(guid),
      )
      assert.equal(wipes.length, 1)
    }
  })

  it('say so when the database is lost, do nothing meanwhile, and go on by themselves after', async () => {
    const { DeviceId: id } = await deviceOf('adele@contoso.com', 'Outlook')
    const isReady = async () =>
      (await Promise.all([one, other].map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok)
    proxy.stall()
    for (const words of [`block ${id} left on a bench`, 'find adele'])
      assert.match((await chat(people.full).say(words)).text, /Nothing was done|so nothing was done/)
    await eventually(async () => !(await isReady()), busy)
    assert.match((await chat(people.full).say(`block ${id} left on a bench`)).text, /nothing was done/i)
    assert.equal(await blocksOf(id), 0)
    proxy.mend()
    await eventually(isReady, busy)
    assert.match((await chat(people.full).say(`block ${id} left on a bench`)).text, /is blocked/)
    assert.equal(await blocksOf(id), 1)
  })

  it('are replaced one after the other under constant traffic without one failed turn', async () => {
    const wrong: string[] = []
    let turns = 0
    let isOver = false
    async function talk(who: string) {
      while (!isOver) {
        try {
          const list = await chat(who).say('find adele')
          assert.match(list.text, /adele_iPhone/)
          await chat(who).press(list, 'device', { ref: 'adele_iPhone' })
        } catch (error) {
          wrong.push(String(error))
        }
        turns += 2
        await wait(50)
      }
    }
    const traffic = Promise.all([people.helpdesk, people.approver, people.security, people.full].map(talk))
    const before = turns
    for (const old of [one, other]) {
      await desk.start()
      const through = turns
      await eventually(() => turns > through + 8, busy)
      await desk.stop(old)
      assert.equal(old.child.exitCode, 0)
    }
    isOver = true
    await traffic
    assert.deepEqual(wrong, [])
    assert.ok(turns > before)
  })

  it('end every approved wipe as run once or as not run, whichever of them die at whatever moment', async () => {
    const earlier = Object.keys(await states())
    const phones: Json[] = (await desk.control('GET', 'devices?text=iPhone&limit=60')).slice(30, 37)
    /** Tries again what somebody would try again, until it is done. */
    async function insist<T>(ask: () => Promise<T>): Promise<T> {
      for (const limit = performance.now() + 4000 * busy; ; await wait(50)) {
        try {
          return await ask()
        } catch (error) {
          if (performance.now() > limit) throw error
        }
      }
    }

    async function wipe(requester: string, guid: string): Promise<void> {
      const id = await insist(() => askFor(requester, guid))
      await insist(async () => {
        const who = oneOf([people.approver, people.security])
        const card = await chat(who).say(`approve ${id}`)
        if (approveOn(card)) await chat(who).press(card, 'approve', approveOn(card).data)
        assert.ok(!['waiting', 'approved'].includes((await states())[id]?.state ?? 'waiting'), card.text)
      })
    }

    async function wipeAll(requester: string, guids: string[]) {
      await Promise.all(
        [0, 1].map(async (lane) => {
          for (const [n, guid] of guids.entries()) if (n % 2 === lane) await wipe(requester, guid)
        }),
      )
    }

    while (desk.running.length < 3) await desk.start()
    let isOver = false
    let dead = 0
    const load = Promise.all([
      wipeAll(
        people.helpdesk,
        phones.slice(0, 3).map(({ Guid }) => Guid),
      ),
      wipeAll(
        people.full,
        phones.slice(3).map(({ Guid }) => Guid),
      ),
    ]).finally(() => {
      isOver = true
    })
    /** A replica dies at some step of carrying out a wipe, as long as enough have not died yet. */
    const doom = (replica: Replica) => desk.doom(replica, dead < deaths ? oneOf(steps) : undefined)
    async function reap() {
      for (const replica of desk.running) doom(replica)
      while (!isOver && dead < deaths) {
        await wait(Math.random() * 500)
        const [victim] = Math.random() < 0.1 ? desk.running : []
        if (victim !== undefined) await desk.kill(victim)
        dead += desk.bury() + (victim === undefined ? 0 : 1)
        while (desk.running.length < 3) doom(await desk.start())
      }
      for (const replica of desk.running) doom(replica)
    }
    await Promise.all([load, reap()])
    desk.bury()

    for (const replica of [...desk.running]) await desk.kill(replica)
    desk.hurryOn(21 * 60_000)
    await desk.start()
    const ended = await eventually(async () => {
      const found = Object.entries(await states()).filter(([id]) => !earlier.includes(id))
      return found.every(([, { state }]) => state !== 'sending' && state !== 'approved') && found
    }, busy)

    const wipes = await callsOf('Clear-MobileDevice')
    const times = (guid: string) => wipes.filter(({ parameters }) => JSON.stringify(parameters).includes(guid)).length
    assert.equal(ended.length, phones.length)
    for (const [id, { state, guid }] of ended) {
      const expected = ['handed', 'taken', 'acknowledged'].includes(state) ? 1 : 0
      if (expected === 0) assert.ok(['unresolved', 'refused'].includes(state), `${id} is ${state}`)
      assert.equal(times(guid), expected, `${id}, which is ${state}`)
    }
    const lines = async function* () {
      for (const { text } of await server.run(
        "select text from device_desk.lines where log = 'audit' order by n",
        address,
      ))
        yield { part: '', text }
    }
    await checkChain(lines)
  })
})
