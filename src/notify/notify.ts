import type { Logger } from 'pino'
import type { Access } from '../access/access.ts'
import { fullAdministrator } from '../access/permissions.ts'
import type { About } from '../cards/card.ts'
import type { Event, Published } from '../events/event.ts'
import type { Outbox } from '../events/outbox.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../store/work.ts'
import type { Conversation, Conversations, Happening } from './conversations.ts'
import { createFeed, type Dropped } from './feed.ts'
import { type Entry, openQueues } from './queue.ts'
import { openStories } from './stories.ts'
import type { Subscriptions } from './subscriptions.ts'
import { createTeller, type Messenger } from './teller.ts'

export interface NotifyOptions {
  readonly store: Store
  readonly work: Work
  readonly outbox: Outbox
  readonly conversations: Conversations
  readonly subscriptions: Subscriptions
  readonly access: Pick<Access, 'rightsOf'>
  readonly messenger: Messenger
  readonly now: () => Date
  readonly log: Logger
  /** Milliseconds for which events are gathered, so that many become one message. */
  readonly gather: number
  /** Told at each step of telling something. */
  readonly onStep: (step: string) => void
}

export type Notify = Awaited<ReturnType<typeof createNotify>>

const day = 24 * 60 * 60_000
const archived = 'The team is archived.'

/** Tells who wants or must hear what happened, and keeps every card of it up to date. */
export async function createNotify(options: NotifyOptions) {
  const { store, work, outbox, conversations, subscriptions, access, messenger, now, gather, onStep } = options
  const queues = await openQueues(store)
  const stories = await openStories(store, now)
  const teller = createTeller({ stories, messenger, onStep })
  const drops: Partial<Record<Dropped, number>> = {}
  const dropped = (reason: Dropped, events: number) => {
    drops[reason] = (drops[reason] ?? 0) + events
  }
  const feed = createFeed({ ...options, queues, stories, teller, dropped })

  /** Personal chats of Full Administrators, who hear what is left unheard. */
  async function administrators(): Promise<Conversation[]> {
    const found: Conversation[] = []
    for (const conversation of await conversations.personal()) {
      const { grants = [] } = (conversation.person && (await access.rightsOf(conversation.person))) ?? {}
      if (grants.some(({ role, collection }) => role === fullAdministrator && collection === allDevices))
        found.push(conversation)
    }
    return found
  }

  /** Where an event is told, and by which subscription; personally comes first. */
  async function hearersOf(event: Event, unheard: () => Promise<Conversation[]>) {
    const chats = await Promise.all((event.to ?? []).map((id) => conversations.of({ id })))
    if (chats.includes(undefined)) dropped('unreachable', 1)
    const admins =
      event.kinds.includes('security') && !(await subscriptions.hasListener('security')) ? await unheard() : []
    const personally = [...chats, ...admins].flatMap((chat) => chat?.place.conversation ?? [])
    const hearers = new Map<string, string | undefined>()
    for (const conversation of [...personally, ...(event.in === undefined ? [] : [event.in])])
      hearers.set(conversation, undefined)
    for (const { conversation, id } of await subscriptions.hearing(event))
      if (!hearers.has(conversation)) hearers.set(conversation, id)
    return hearers
  }

  /** Puts events into the queues of those who are to hear of them. */
  async function queue(events: readonly Published[]): Promise<void> {
    const since = now().toISOString()
    const all = new Map<string, Entry[]>()
    let found: Promise<Conversation[]> | undefined
    const unheard = () => (found ??= administrators())
    for (const event of events)
      for (const [conversation, subscription] of await hearersOf(event, unheard)) {
        const entries = all.get(conversation) ?? []
        entries.push({ n: event.n, since, ...(subscription && { subscription }) })
        all.set(conversation, entries)
      }
    await Promise.all(
      [...all].map(async ([conversation, entries]) => {
        await queues.add(conversation, entries)
        const soon = entries.every(({ subscription }) => subscription !== undefined)
        await work.due('feed', conversation, new Date(now().getTime() + (soon ? gather : 0)))
      }),
    )
    onStep('queued')
  }

  /** Everything that shows what happened is drawn anew. */
  async function refresh(events: readonly Published[]): Promise<void> {
    const abouts = events.flatMap(({ read, whole, subject }): About[] => [
      ...(read && whole ? [read] : []),
      ...(subject.of === 'device' ? [{ verb: 'device', data: { ref: subject.guid } }] : []),
    ])
    const unique = new Map(abouts.map((about) => [JSON.stringify(about), about]))
    for (const about of unique.values()) await messenger.touched(about)
  }

  work.on('stories', async () => {
    await stories.prune()
    await work.due('stories', 'old', new Date(now().getTime() + day))
  })
  await work.due('stories', 'old')
  for (const conversation of [
    ...(await queues.waiting()).map((one) => one.conversation),
    ...(await stories.staleConversations()),
  ])
    await work.due('feed', conversation)
  await outbox.follow('queues', queue)
  await outbox.follow('cards', refresh)

  return {
    /** What shows this has changed: its messages are edited. */
    async touched(about: About): Promise<void> {
      for (const conversation of await stories.touch(about)) await work.due('feed', conversation)
    },

    /** Teams said something of a place. */
    async happened(what: Happening): Promise<void> {
      const key = now().toISOString()
      switch (what.kind) {
        case 'ended':
          return feed.end(what.conversation, what.why, key)
        case 'renamed':
          await conversations.rename(what.conversation, what.name)
          return
        case 'teamEnded':
          for (const { place } of await conversations.ofTeam(what.team))
            await feed.end(place.conversation, what.why, key)
          return
        case 'archived':
        case 'unarchived':
          for (const { place } of await conversations.ofTeam(what.team))
            for (const { id, paused } of await subscriptions.of(place.conversation))
              if (what.kind === 'archived') await subscriptions.pause(id, archived)
              else if (paused === archived) await subscriptions.resume(id)
          return
      }
    },

    /** How much waits, since when, and what was dropped so far. */
    async load() {
      const waiting = await queues.waiting()
      const times = waiting.flatMap(({ entries }) => entries[0]?.since ?? [])
      return {
        waiting: waiting.reduce((sum, { entries }) => sum + entries.length, 0),
        oldest: times.sort()[0],
        dropped: drops,
      }
    },
  }
}
