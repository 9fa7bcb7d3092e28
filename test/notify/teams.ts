import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { parse } from 'yaml'
import type { Rights } from '../../src/access/rights.ts'
import { createCards } from '../../src/cards/draw.ts'
import { openOutbox } from '../../src/events/outbox.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { openConversations, type Place } from '../../src/notify/conversations.ts'
import { newsOf } from '../../src/notify/deviceNews.ts'
import { createNotify } from '../../src/notify/notify.ts'
import { openSubscriptions } from '../../src/notify/subscriptions.ts'
import { type SandboxTeams, startSandboxTeams } from '../../src/sandbox/teams/start.ts'
import { openFileStore } from '../../src/store/files.ts'
import type { Work } from '../../src/store/work.ts'
import { createLimits, type Pace } from '../../src/teams/limits.ts'
import { createLiveCards } from '../../src/teams/live.ts'
import { createMessenger } from '../../src/teams/messenger.ts'
import { createSender } from '../../src/teams/sender.ts'
import { createTokens } from '../../src/tokens.ts'

const people = new URL('../../.m365agentsplayground.yml', import.meta.url)

/** Whoever sets up subscriptions here; they may hear of everything. */
export const somebody = {
  tenant: '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9',
  id: '91f60d8b-a4c3-4e27-85d1-e93b7c5a20f6',
  name: 'Viktor Lind',
}
export const theirChat = 'a:personal-chat-viktor'
export const channelOf = (n: number) => `19:channel-${n}@thread.tacv2`

/** A small Teams with so many channels; without an endpoint no bot answers. */
export async function startTeams(
  folder: string,
  channels: number,
  { endpoint = () => 'http://127.0.0.1:9', now = Date.now }: { endpoint?: () => string; now?: () => number } = {},
): Promise<SandboxTeams> {
  const known = parse(await readFile(people, 'utf8'))
  known.team.channels = Array.from({ length: channels }, (_, n) => ({ id: channelOf(n), name: `Channel ${n}` }))
  const file = join(folder, 'people.json')
  await writeFile(file, JSON.stringify(known))
  return startSandboxTeams({ botEndpoint: endpoint, people: file, now })
}

export interface NotifierOptions {
  readonly folder: string
  readonly teams: Pick<SandboxTeams, 'url' | 'settings'>
  readonly work: Work
  readonly pace: Pace
  readonly now: () => Date
  readonly gather: number
  readonly onStep: (step: string) => void
}

/** The part of Device Desk that hears of changes and tells of them, between a store of files and Teams' connector service. */
export async function openNotifier({ folder, teams, work, pace, now, gather, onStep }: NotifierOptions) {
  const { settings, url } = teams
  const log = pino({ level: 'silent' })
  const stopping = new AbortController()
  const { signal } = stopping
  const store = await openFileStore({ folder, kind: 'demo' })
  const outbox = await openOutbox({ store, work, now })
  const inventory = await createInventory({
    store,
    now,
    async onChange(changes) {
      onStep('changed')
      await outbox.publish(...changes.flatMap((change) => newsOf(change, [allDevices], false) ?? []))
      onStep('published')
    },
  })
  const rights = { reach: () => [allDevices], holds: () => true, grants: [] } as unknown as Rights
  const access = { rightsOf: async () => rights }
  const conversations = await openConversations(store)
  const subscriptions = await openSubscriptions({ store, access, inventory })
  const tokens = createTokens({
    login: settings.ToChannelFromBotLoginUrl,
    scope: `${settings.ToChannelFromBotOAuthScope}/.default`,
    identity: { clientId: settings.MicrosoftAppId, secret: settings.MicrosoftAppPassword },
    now: () => new Date(),
  })
  const tally = { sent: 0, retried: 0 }
  const sender = createSender({ tokens, limits: createLimits({ pace, signal }), pace, tally, signal })
  const live = await createLiveCards({
    store,
    edit: async () => {},
    shown: async () => '',
    alsoTouched: async () => {},
    log,
  })
  const cards = createCards(new URL('../../cards/', import.meta.url))
  const view = async () => ({ template: 'notice' as const, data: { title: '', text: '' } })
  const messenger = createMessenger({ sender, cards, live, view })
  const parts = { store, work, outbox, conversations, subscriptions, access, messenger, now, log, gather, onStep }
  const notify = await createNotify(parts)
  await inventory.review()

  const placeOf = (conversation: string, scope: Place['scope'] = 'channel'): Place => ({
    ...{ scope, conversation, serviceUrl: `${url}/`, tenant: somebody.tenant, bot: `28:${settings.MicrosoftAppId}` },
  })
  return {
    ...{ outbox, inventory, subscriptions, notify, sender, tally, placeOf },

    /** The bot is in a channel that wants to hear of access; the bot was in somebody's chat before. */
    async listen(conversation: string): Promise<void> {
      await conversations.heard({ place: placeOf(theirChat, 'personal'), person: somebody })
      await conversations.heard({ place: placeOf(conversation) })
      await subscriptions.add({ conversation, by: somebody, kinds: ['access'], collection: allDevices })
    },

    async close(): Promise<void> {
      stopping.abort()
      await work.close()
      await store.close()
    },
  }
}

export type Notifier = Awaited<ReturnType<typeof openNotifier>>
