import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Permission } from '../../src/access/permissions.ts'
import type { Rights } from '../../src/access/rights.ts'
import type { Reply } from '../../src/cards/card.ts'
import type { Event } from '../../src/events/event.ts'
import { openOutbox } from '../../src/events/outbox.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device } from '../../src/inventory/device.ts'
import { openConversations, type Place } from '../../src/notify/conversations.ts'
import { createNotify } from '../../src/notify/notify.ts'
import { openSubscriptions } from '../../src/notify/subscriptions.ts'
import type { Messenger, Refusal } from '../../src/notify/teller.ts'
import { openFileStore } from '../../src/store/files.ts'
import type { Work } from '../../src/store/work.ts'

/** What goes wrong with one call: nothing arrives, only the answer is lost, or Teams says no. */
export type Trouble = 'before' | 'after' | Refusal

/** The object id of somebody. */
export function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

export const tenant = 'b6b1a2f0-6f3e-4a53-8a45-5b9a4a2d9d01'
const gather = 3000

/** Work that is done when a test says so, on a clock of its own. */
export function createWork(start: Date) {
  let time = start.getTime()
  const jobs = new Map<string, (key: string) => Promise<void>>()
  const waiting = new Map<string, { kind: string; key: string; at: number }>()
  const work: Work = {
    on: (kind, job) => void jobs.set(kind, job),
    async due(kind, key, at = new Date(time)) {
      const name = `${kind} ${key}`
      waiting.set(name, { kind, key, at: Math.min(at.getTime(), waiting.get(name)?.at ?? Number.POSITIVE_INFINITY) })
    },
    close: async () => {},
  }
  return {
    work,
    now: () => new Date(time),
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    /** Does what is due within so many milliseconds, again and again until it did not fail. */
    async drain(within = 60 * 60_000) {
      const end = time + within
      for (;;) {
        const next = [...waiting].sort(([, one], [, other]) => one.at - other.at)[0]
        if (next === undefined || next[1].at > end) return
        const [name, { kind, key, at }] = next
        waiting.delete(name)
        time = Math.max(time, at)
        await jobs
          .get(kind)?.(key)
          .catch(() => work.due(kind, key, new Date(time + 1000)))
      }
    },
    forget: () => waiting.clear(),
  }
}

export interface Posted {
  readonly id: string
  readonly conversation: string
  readonly under: string | undefined
  /** As it was posted, and as it is now. */
  readonly first: Reply
  reply: Reply
}

/** What stood in a conversation at some time, posted or edited. */
type Shown = Pick<Posted, 'conversation' | 'reply'>

/** Notify between a store of files and a chat that keeps what is posted and fails as it is told. */
export async function startRoom() {
  const folder = await mkdtemp(join(tmpdir(), 'notify-'))
  const clock = createWork(new Date('2026-11-23T10:00:00Z'))
  const { work, now } = clock
  const posted: Posted[] = []
  const shown: Shown[] = []
  const forgotten: string[] = []
  const held = new Map<string, { permissions: Permission[]; collections: string[] }>()
  const devices = new Map<string, string[]>()
  let trouble: (call: 'post' | 'edit', conversation: string) => Trouble | undefined = () => undefined
  let mayView = (_: { viewer: string; ref: string }) => true

  const inventory = {
    get: ({ connector, guid }: { connector: string; guid: string }) =>
      devices.has(guid) ? ({ connector, guid } as Device) : undefined,
    contains: (collection: string, { guid }: Device) =>
      collection === allDevices || (devices.get(guid)?.includes(collection) ?? false),
    collections: {
      within: (name: string, other: string) => other === allDevices || name === other,
    },
  } as Parameters<typeof openSubscriptions>[0]['inventory']
  const access = {
    rightsOf: async ({ id }: { id: string }) => {
      const { permissions = [], collections = [] } = held.get(id) ?? {}
      const reach = (...wanted: Permission[]) => (wanted.some((one) => permissions.includes(one)) ? collections : [])
      const role = permissions.includes('Security.Modify') ? 'Full Administrator' : 'Something'
      const grants = collections.map((collection) => ({ role, collection }))
      return { reach, holds: (...wanted: Permission[]) => reach(...wanted).length > 0, grants } as unknown as Rights
    },
  }

  /** Fails as the test wants it, before or after the work. */
  async function met<T>(call: 'post' | 'edit', conversation: string, act: () => T): Promise<T | Refusal> {
    const what = trouble(call, conversation)
    if (what === 'before') throw new Error('nothing arrived')
    if (what !== undefined && what !== 'after') return what
    const result = act()
    if (what === 'after') throw new Error('the answer was lost')
    return result
  }
  const messenger: Messenger = {
    post: (place, reply, under) =>
      met('post', place.conversation, () => {
        const message = { id: `m${posted.length + 1}`, conversation: place.conversation, under, first: reply, reply }
        posted.push(message)
        shown.push({ conversation: place.conversation, reply })
        return { message: message.id }
      }),
    async edit(place, message, draw) {
      const reply = await draw()
      return met('edit', place.conversation, () => {
        const found = posted.find(({ id }) => id === message)
        if (found === undefined) return 'gone' as const
        found.reply = reply
        shown.push({ conversation: place.conversation, reply })
        return 'edited' as const
      })
    },
    async view(_, { name: id }, { data }) {
      if (!mayView({ viewer: id, ref: data.ref ?? '' })) return undefined
      return {
        template: 'notice',
        data: { title: `card of ${Object.values(data).join(' ')}`, text: `as ${id} sees it` },
        about: { verb: 'device', data },
      }
    },
    touched: async () => {},
    forget: async (conversation) => void forgotten.push(conversation),
  }

  async function open() {
    const store = await openFileStore({ folder, kind: 'demo' })
    const outbox = await openOutbox({ store, work, now })
    const conversations = await openConversations(store)
    const subscriptions = await openSubscriptions({ store, access, inventory })
    const notify = await createNotify({
      ...{ store, work, outbox, conversations, subscriptions, access, messenger, now, gather },
      log: pino({ level: 'silent' }),
      onStep: () => {},
    })
    return { store, outbox, conversations, subscriptions, notify }
  }
  let parts = await open()

  const placeOf = (conversation: string, scope: Place['scope']): Place => ({
    ...{ scope, conversation, serviceUrl: 'https://smba.example/', tenant, bot: '28:bot' },
  })

  return {
    ...clock,
    posted,
    shown,
    forgotten,
    devices,
    parts: () => parts,
    fails(next: typeof trouble) {
      trouble = next
    },
    hides(next: typeof mayView) {
      mayView = next
    },
    /** Gives somebody rights on collections; none takes all away. */
    let(person: string, permissions: Permission[], ...collections: string[]) {
      held.set(idOf(person), { permissions, collections })
    },
    /** The bot is in a channel, a group chat, or somebody's chat. */
    join: (conversation: string, scope: Place['scope'] = 'channel', team?: string) =>
      parts.conversations.heard({
        place: placeOf(conversation, scope),
        ...(scope === 'personal' && { person: { tenant, id: idOf(conversation), name: conversation } }),
        ...(team && { team }),
      }),
    subscribe: (conversation: string, by: string, kinds: Event['kinds'], collection = allDevices, connector?: string) =>
      parts.subscriptions.add({
        ...{ conversation, by: { tenant, id: idOf(by), name: by }, kinds, collection },
        ...(connector && { connector }),
      }),
    publish: (...events: Event[]) => parts.outbox.publish(...events),
    /** The process ends and another one begins; what it was told of the future is lost. */
    async restart() {
      await parts.store.close()
      clock.forget()
      parts = await open()
    },
    async close() {
      await parts.store.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type Room = Awaited<ReturnType<typeof startRoom>>

/** An event of a device. */
export const deviceEvent = (key: string, guid: string, more: Partial<Event> = {}): Event => ({
  key,
  kinds: ['access'],
  at: '2026-11-23T10:00:00.000Z',
  subject: { of: 'device', connector: 'Contoso', guid, collections: [] },
  story: `device ${guid}`,
  title: guid,
  text: `${key} happened to ${guid}.`,
  ...more,
})

/** An event of the site. */
export const siteEvent = (key: string, more: Partial<Event> = {}): Event => ({
  ...deviceEvent(key, 'site'),
  subject: { of: 'site' },
  story: `site ${key}`,
  title: key,
  text: `${key} happened.`,
  ...more,
})

/** All sentences that a card shows. */
export function sentencesOf(reply: Reply): string[] {
  if (reply.template !== 'news' && reply.template !== 'notice') return []
  const steps = reply.template === 'news' ? reply.data.steps.map(({ text }) => text) : []
  return [...new Set([reply.data.title, reply.data.text, ...steps])]
}
