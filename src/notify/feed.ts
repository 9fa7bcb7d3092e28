import type { Logger } from 'pino'
import { BotError } from '../errors.ts'
import type { Published } from '../events/event.ts'
import type { Outbox } from '../events/outbox.ts'
import type { Work } from '../store/work.ts'
import type { Conversation, Conversations } from './conversations.ts'
import { nextTelling } from './grouping.ts'
import type { Entry, Queues, Settling } from './queue.ts'
import type { Stories, Story } from './stories.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'
import type { Audience, createTeller, Messenger, Refusal } from './teller.ts'

export interface FeedParts {
  readonly outbox: Outbox
  readonly work: Work
  readonly conversations: Conversations
  readonly subscriptions: Subscriptions
  readonly queues: Queues
  readonly stories: Stories
  readonly teller: ReturnType<typeof createTeller>
  readonly messenger: Messenger
  readonly now: () => Date
  readonly log: Logger
  /** Milliseconds for which events are gathered, so that many become one message. */
  readonly gather: number
  /** Told of what will not be told to anybody. */
  readonly dropped: (reason: Dropped, events: number) => void
}

export type Dropped = Refusal | 'unsubscribed' | 'notAllowed' | 'forgotten' | 'unreachable'

/** As many entries of a queue are looked at together. */
const horizon = 2000
/** After so many milliseconds others have a turn. */
const turn = 10_000

/** Tells each conversation what waits for it: in order, at least once, by the rights of whoever set it up at that moment. */
export function createFeed(parts: FeedParts) {
  const { outbox, work, conversations, subscriptions, queues, stories, teller, messenger, now, log } = parts
  const { gather, dropped } = parts

  /** When the first message may be told: personal ones at once, others when what comes with them is there. */
  const readyAt = (entries: readonly Entry[]) =>
    entries.some(({ subscription }) => subscription === undefined) ? 0 : Date.parse(entries[0]?.since ?? '') + gather

  function drop(settling: Settling, entries: readonly Entry[], reason: Dropped): void {
    if (entries.length > 0) dropped(reason, entries.length)
    settling.add(entries)
  }

  /** Whether a subscription still stands by the rights of whoever set it up; otherwise it is paused, which is said. */
  async function stands(subscription: Subscription, n: number): Promise<boolean> {
    if (subscription.paused !== undefined) return false
    const allowed = await subscriptions.isStillAllowed(subscription)
    if (allowed === undefined) throw new BotError('DIRECTORY_UNREACHABLE')
    if (allowed) return true
    const { id, conversation, by, collection } = subscription
    const why = `${by.name}, who set them up, may no longer read ${collection}.`
    await outbox.publish({
      key: `paused ${id} ${n}`,
      kinds: [],
      in: conversation,
      at: now().toISOString(),
      subject: { of: 'site' },
      story: `paused ${id} ${n}`,
      title: 'Notifications are paused',
      text: `${why} Somebody who may can type “subscribe” again.`,
      tone: 'warning',
    })
    await subscriptions.pause(id, why)
    return false
  }

  /** The events that may still be told here; the others leave the queue. */
  async function allowed(entries: readonly Entry[], settling: Settling): Promise<Published[]> {
    const events = new Map((await outbox.get(entries.map(({ n }) => n))).map((event) => [event.n, event]))
    const standing = new Map<string, Subscription | undefined>()
    for (const { subscription: id, n } of entries) {
      if (id === undefined || standing.has(id)) continue
      const subscription = await subscriptions.get(id)
      standing.set(id, subscription && (await stands(subscription, n)) ? subscription : undefined)
    }
    const reasonOf = ({ n, subscription: id }: Entry): Dropped | undefined => {
      const event = events.get(n)
      if (event === undefined) return 'forgotten'
      if (id === undefined) return undefined
      const subscription = standing.get(id)
      if (subscription === undefined) return 'unsubscribed'
      return subscriptions.covers(subscription, event) ? undefined : 'notAllowed'
    }
    for (const reason of ['forgotten', 'unsubscribed', 'notAllowed'] as const)
      drop(
        settling,
        entries.filter((entry) => reasonOf(entry) === reason),
        reason,
      )
    return entries.filter((entry) => reasonOf(entry) === undefined).flatMap(({ n }) => events.get(n) ?? [])
  }

  /** As whom a story is told, and by which subscription. */
  async function audienceOf({ place, person }: Conversation, id: string | undefined): Promise<Audience> {
    const subscription = id === undefined ? undefined : await subscriptions.get(id)
    return { place, viewer: subscription?.by ?? person, subscription }
  }

  /** Edits one message of a story, as long as it may be shown there. */
  async function redraw(story: Story, conversation: Conversation): Promise<void> {
    const subscription = story.subscription === undefined ? undefined : await subscriptions.get(story.subscription)
    const isGone = story.subscription !== undefined && subscription === undefined
    const mayShow =
      subscription === undefined ||
      ((await stands(subscription, story.told)) && subscriptions.covers(subscription, story.event))
    if (isGone || !mayShow) return stories.forget(story)
    const edited = await teller.redraw(story, { place: conversation.place, viewer: story.viewer, subscription })
    if (edited === 'gone') return stories.forget(story)
    if (edited !== 'edited') log.warn({ story: story.story, reason: edited }, 'a card could not be edited')
    await stories.drawn(story)
  }

  /** The conversation is no more: those who wanted to hear there are told. */
  async function end(conversation: string, why: string, key: string): Promise<void> {
    const heard = await subscriptions.of(conversation)
    const { name, place } = (await conversations.get(conversation)) ?? {}
    const where = name ?? (place?.scope === 'channel' ? 'a channel' : 'a chat')
    if (heard.length > 0)
      await outbox.publish({
        key: `ended ${conversation} ${key}`,
        kinds: ['security'],
        to: [...new Set(heard.map(({ by }) => by.id))],
        at: now().toISOString(),
        subject: { of: 'site' },
        story: `ended ${conversation} ${key}`,
        title: `Notifications to ${where} have ended`,
        text: `${why} They told of ${[...new Set(heard.flatMap(({ kinds }) => kinds))].join(', ')}.`,
        tone: 'warning',
      })
    await subscriptions.end(conversation)
    const left = await queues.entries(conversation)
    if (left.length > 0) dropped('gone', left.length)
    await queues.forget(conversation)
    await stories.forgetConversation(conversation)
    await conversations.forget(conversation)
    await messenger.forget(conversation)
  }

  /** Tells one message of what waits. Says whether there may be more to tell. */
  async function tellNext(conversation: Conversation, entries: readonly Entry[], settling: Settling): Promise<boolean> {
    const { place } = conversation
    const id = place.conversation
    const events = await allowed(entries, settling)
    const telling = nextTelling(events, await stories.storms(id))
    if (telling === undefined) return true
    const entry = entries.find(({ n }) => n === telling.events[0]?.n)
    const audience = await audienceOf(conversation, entry?.subscription)
    const outcome = await teller.tell(telling, audience)
    const numbers = new Set(telling.events.map(({ n }) => n))
    const told = entries.filter(({ n }) => numbers.has(n))
    if (outcome === 'gone') {
      await settling.settle()
      await end(id, 'Teams no longer lets me write there.', `${telling.events[0]?.n}`)
      return false
    }
    if (outcome === 'told') settling.add(told)
    else drop(settling, told, outcome)
    return true
  }

  /** Tells what waits in a conversation until nothing does, or others have a turn. */
  async function tellAll(id: string, settling: Settling): Promise<void> {
    const end = now().getTime() + turn
    for (;;) {
      const conversation = await conversations.get(id)
      const entries = (await queues.entries(id)).filter(({ n }) => !settling.has(n))
      if (conversation === undefined) return drop(settling, entries, 'unreachable')
      const stale = await stories.stale(id)
      if (stale.length > 0) await settling.settle()
      for (const story of stale) await redraw(story, conversation)
      if (entries.length === 0) return
      const ready = readyAt(entries)
      if (ready > now().getTime() || end <= now().getTime()) return work.due('feed', id, new Date(ready))
      if (!(await tellNext(conversation, entries.slice(0, horizon), settling))) return
    }
  }

  work.on('feed', async (id) => {
    const settling = queues.settling(id)
    await tellAll(id, settling).finally(settling.settle)
  })

  return { end }
}
