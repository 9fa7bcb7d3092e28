import { setTimeout } from 'node:timers/promises'
import type { Event } from '../../src/events/event.ts'
import { openOutbox } from '../../src/events/outbox.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { openConversations } from '../../src/notify/conversations.ts'
import { openSubscriptions } from '../../src/notify/subscriptions.ts'
import type { SandboxTeams } from '../../src/sandbox/teams/start.ts'
import { openFileStore } from '../../src/store/files.ts'
import type { Work } from '../../src/store/work.ts'
import { type Json, textOf } from '../desk.ts'
import { channelOf, somebody, startTeams } from '../notify/teams.ts'
import { atMost, type Bench, type Plan, quantile } from './bench.ts'
import { startChild } from './child.ts'
import { temporaryFolder } from './fleet.ts'

const gather = 3000
/** When nothing more was told for so long, it is looked whether all is; after so long it should be. */
const quiet = 2000
const patience = 150_000
/** Teams takes so many messages a second of one app. */
const perSecond = 50
const sorts = ['blocked', 'quarantined', 'new', 'gone']
const perSort = 18
/** Five people ask in turn, so often that Teams lets each of them be answered. */
const pause = 140
const people = ['hanna', 'omar', 'ines', 'viktor', 'noah']
const none: Work = { on() {}, due: async () => {}, close: async () => {} }

/** Two events of each story: some stories of each channel are of a sort, of which there are many, the others stand alone. */
function eventsFor(channels: number, alone: number): Event[] {
  const stories = Array.from({ length: channels }, (_, channel) =>
    [...sorts.flatMap((sort) => Array<string>(perSort).fill(sort)), ...Array<undefined>(alone)].map((sort, story) => ({
      channel,
      guid: `${channel}.${story}`,
      group: sort && `devices ${sort} ${channel}`,
    })),
  ).flat()
  return [1, 2].flatMap((time) =>
    stories.map(({ channel, guid, group }) => ({
      key: `${guid} ${time}`,
      kinds: ['access'],
      at: new Date().toISOString(),
      subject: { of: 'device', connector: `C${channel}`, guid, collections: [] },
      story: `device ${guid}`,
      title: `Phone ${guid}`,
      text: `Event ${time} of phone ${guid}.`,
      ...(group && { group }),
    })),
  )
}

/** A data folder in which events wait to be told, each to one of the channels. */
async function storedNews(folder: string, teams: SandboxTeams, channels: number, events: readonly Event[]) {
  const store = await openFileStore({ folder, kind: 'production' })
  const now = () => new Date()
  const conversations = await openConversations(store)
  const access = { rightsOf: () => Promise.reject(new Error('nobody asks')) }
  const subscriptions = await openSubscriptions({ store, access, inventory: await createInventory({ store, now }) })
  const bot = `28:${teams.settings.MicrosoftAppId}`
  for (let n = 0; n < channels; n += 1) {
    const conversation = channelOf(n)
    const place = { scope: 'channel' as const, conversation, serviceUrl: `${teams.url}/`, tenant: somebody.tenant, bot }
    await conversations.heard({ place })
    const about = { conversation, by: somebody, connector: `C${n}`, collection: allDevices }
    await subscriptions.add({ ...about, kinds: ['access'] })
  }
  await (await openOutbox({ store, work: none, now })).publish(...events)
  await store.close()
}

const isWrite = ({ operation }: SandboxTeams['calls'][number]) => ['send', 'reply', 'update'].includes(operation)
const toChannel = ({ conversation }: SandboxTeams['calls'][number]) => conversation.startsWith('19:channel-')

/** How often each event was told: in a message that was posted, or among those of its sort that a card counts. */
function tellings(teams: SandboxTeams, channels: number, events: readonly Event[]) {
  const counted = new Map<string, number>()
  for (let n = 0; n < channels; n += 1)
    for (const { attachments } of teams.messages('viktor', channelOf(n))) {
      const [, count, group] = /^(\d+) (devices .*)$/m.exec(textOf((attachments as Json)[0]?.content)) ?? []
      if (group !== undefined) counted.set(group, (counted.get(group) ?? 0) + Number(count))
    }
  const singly = new Map<string, number>()
  for (const { operation, outcome, body } of teams.calls) {
    const text = operation === 'update' || outcome !== 201 ? '' : textOf((body as Json).attachments)
    if (/^\d+ devices/m.test(text)) continue
    for (const line of new Set(text.match(/Event \d of phone [\d.]+\d\./g)))
      singly.set(line, 1 + (singly.get(line) ?? 0))
  }
  const times = events.map(({ text, group = '' }) => ({ group, singly: singly.get(text) ?? 0 }))
  const inStorms = [...counted.values()].reduce((sum, count) => sum + count, 0)
  return { told: inStorms + times.reduce((sum, one) => sum + Math.min(1, one.singly), 0), times, counted }
}

/** How long people wait who ask until it is over: when they asked, and the milliseconds. */
async function answers(teams: SandboxTeams, isOver: (asked: number) => boolean) {
  const taken: Promise<{ at: number; took: number }>[] = []
  while (!isOver(taken.length)) {
    const [at, start] = [Date.now(), performance.now()]
    taken.push(
      teams.say(people[taken.length % people.length] ?? '', 'personal', 'help').then(({ status, posted }) => {
        const replies = posted.filter(({ replyToId }) => replyToId !== undefined)
        if (status !== 200 || replies.length !== 1) throw new Error(`no answer: HTTP ${status}`)
        return { at, took: performance.now() - start }
      }),
    )
    await setTimeout(pause)
  }
  return Promise.all(taken)
}

const p99 = (all: readonly { took: number }[]) =>
  quantile(
    all.map(({ took }) => took),
    0.99,
  )

async function measure(plan: Plan) {
  const [channels, alone] = [plan.sized(50), plan.sized(28)]
  await using folder = await temporaryFolder()
  let url = ''
  const teams = await startTeams(folder.path, channels, { endpoint: () => `${url}/api/messages` })
  try {
    const events = eventsFor(channels, alone)
    const data = `${folder.path}/data`
    await storedNews(data, teams, channels, events)
    const env = { ...teams.settings, ADMINS: somebody.id, DATA_DIR: data, HURRY: '1', LOG_LEVEL: 'error' }
    await using bot = await startChild(new URL('bot.ts', import.meta.url), env)
    url = bot.url
    const ends = Date.now() + gather
    const lastCall = () => Date.parse(teams.calls.findLast(toChannel)?.at ?? new Date().toISOString())
    const toldSoFar = () => tellings(teams, channels, events).told
    const asked = await answers(teams, () => {
      if (Date.now() < lastCall() + quiet) return false
      if (toldSoFar() >= events.length) return true
      if (Date.now() < ends + patience) return false
      throw new Error(`${toldSoFar()} of ${events.length} events were told`)
    })
    const { times, counted } = tellings(teams, channels, events)
    if (times.some(({ group, singly }) => (group === '' ? singly !== 1 : singly > 1)))
      throw new Error('an event was told twice')
    for (const [group, count] of counted)
      if (times.filter((one) => one.group === group && one.singly === 0).length !== count)
        throw new Error(`${count} ${group} were told`)
    if (teams.calls.some(({ outcome }) => outcome === 429)) throw new Error('Teams said that it was too much')

    const own = teams.calls.filter((call) => isWrite(call) && toChannel(call)).map(({ at }) => Date.parse(at))
    const [first = 0, last = 0] = [Math.min(ends, ...own), Math.max(...own)]
    const within = teams.calls.filter(
      (call) => isWrite(call) && Date.parse(call.at) >= first && Date.parse(call.at) <= last,
    )
    await setTimeout(1000)
    const idle = p99(await answers(teams, (count) => count >= plan.sized(200)))
    // Before the first message the process has just started, and answers slowly for that reason.
    const meanwhile = p99(asked.filter(({ at }) => at >= first && at <= last))
    return { own, within, seconds: (last - first) / 1000, meanwhile, idle, events }
  } finally {
    await teams.close()
  }
}

/** Events of many stories to many channels, at the pace that Teams' limits allow; and how long people wait meanwhile. */
export const notify: Bench = {
  name: 'notify',
  long: true,
  async run(plan) {
    const { own, within, seconds, meanwhile, idle, events } = await measure(plan)
    const allowed = Math.max(1, within.length - perSecond) / perSecond
    return [
      {
        name: 'notify: telling',
        ...{ ours: seconds, baseline: allowed, unit: 's', target: atMost(1.1) },
        note: `${events.length} events in ${own.length} messages`,
      },
      { name: 'notify: answers meanwhile', ours: meanwhile, baseline: idle, unit: 'ms p99', target: atMost(2) },
    ]
  },
}
