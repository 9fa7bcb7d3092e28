import type { Logger } from 'pino'
import { z } from 'zod'
import type { Audit } from '../audit/audit.ts'
import type { AuditEntry } from '../audit/chain.ts'
import { PersonSchema } from '../audit/person.ts'
import type { About } from '../cards/card.ts'
import type { Cards } from '../cards/draw.ts'
import type { Settings } from '../config.ts'
import type { Tally } from '../notify/metrics.ts'
import type { Pipeline } from '../pipeline.ts'
import type { Store } from '../store/store.ts'
import { createTokens, type Identity } from '../tokens.ts'
import { ActivitySchema, type TeamsActivity } from './activity.ts'
import { createAdapter, type InvokeAnswer } from './adapter.ts'
import { type BotParts, createBot } from './bot.ts'
import { cloudOf, createGate, NotTaken } from './identity.ts'
import { createLimits, type Pace } from './limits.ts'
import { createLiveCards } from './live.ts'
import { createMessenger } from './messenger.ts'
import { createSender } from './sender.ts'
import { type Incoming, type Pages, startServer } from './server.ts'

export interface TeamsOptions {
  readonly settings: Settings
  readonly store: Store
  readonly ask: Pipeline
  readonly cards: Cards
  readonly audit: Audit
  readonly demo: boolean
  readonly unsigned: boolean
  readonly now: () => Date
  /** How long people wait for an answer before they read that work is under way, in milliseconds. */
  readonly patience: number
  /** The clock of Teams' limits. */
  readonly pace: Pace
  readonly log: Logger
  readonly ready: () => boolean
  readonly metrics: () => Promise<string>
  readonly pages: Pages
  readonly heard: BotParts['heard']
  readonly happened: BotParts['happened']
  readonly ownsGroup: BotParts['ownsGroup']
  /** Told of everything that shows something else now. */
  readonly touched: (about: About) => Promise<void>
}

const hour = 60 * 60_000

/** The door to Teams: proves who is there, hands what they ask to the pipeline, and sends what it answers. */
export async function createTeams(options: TeamsOptions) {
  const { settings, store, audit, unsigned, now, pace, log } = options
  const cloud = cloudOf(settings)
  const tokens = createTokens({
    ...cloud,
    scope: cloud.scope.replace(/(\/\.default)?$/, '/.default'),
    identity: identityOf(settings),
    now,
  })
  const receive = await createAdapter()
  const gate = createGate(settings)
  const stopping = new AbortController()
  const { signal } = stopping
  const tally: Tally = { sent: 0, retried: 0 }
  const sender = createSender({
    tokens,
    limits: createLimits({ pace, signal, share: () => store.shared?.processes() ?? 1 }),
    pace,
    tally,
    signal,
  })
  const live = await createLiveCards({
    store,
    edit: (copy, about) => bot.redraw(copy, about),
    shown: async ({ place, caller }, about) => options.cards.nameOf(await bot.view(place, caller, about)),
    alsoTouched: options.touched,
    log,
  })
  const known = store.shared ? [] : await activitiesOf(audit, new Date(now().getTime() - 24 * hour))
  const takeOnce = store.shared?.take ?? (async () => true)
  const bot = createBot({ ...options, sender, live, known, takeOnce, stopping: signal })

  /** Proves the sender before anything is done with what was sent; a stranger gets a status and no word. */
  async function messages({ authorization, local, body }: Incoming): Promise<InvokeAnswer> {
    let activity: TeamsActivity | undefined
    try {
      const proof = unsigned && local && authorization === '' ? undefined : await gate.token(authorization)
      const { data: raw } = BodySchema.safeParse(await body())
      activity = ActivitySchema.safeParse(raw).data
      if (raw === undefined || activity === undefined) throw new NotTaken(400, 'no activity')
      gate.activity(activity, proof)
      const taken = activity
      return await receive(raw, () => bot.take(taken))
    } catch (error) {
      if (!(error instanceof NotTaken)) {
        log.error({ err: error }, 'bug')
        return { status: 500 }
      }
      log.warn({ status: error.status, reason: error.message }, 'refused an activity')
      if (error.status === 403 && activity !== undefined) audit.note(refusalOf(activity))
      return { status: error.status }
    }
  }

  let server: Awaited<ReturnType<typeof startServer>> | undefined
  return {
    async listen(): Promise<string> {
      server = await startServer({ ...options, host: settings.HOST, port: settings.PORT, messages })
      return server.url
    },

    tally,

    /** What notify sends through. */
    messenger: createMessenger({ ...options, sender, live, view: bot.view }),

    /** Takes no more requests, ends what is under way, and gives up on it after seven seconds: others have to end too. */
    async close(): Promise<void> {
      const limit = AbortSignal.timeout(7000)
      const late = new Promise((resolve) => limit.addEventListener('abort', resolve))
      await server?.close(limit)
      await Promise.race([bot.idle(), late])
      stopping.abort()
    },
  }
}

const BodySchema = z.record(z.string(), z.unknown())

/** How the bot proves itself: by its managed identity, its certificate, or its secret. */
function identityOf(settings: Settings): Identity {
  const clientId = settings.MicrosoftAppId ?? ''
  if (settings.MicrosoftAppType === 'UserAssignedMSI') return { managedIdentity: clientId }
  const certificateFile = settings.MicrosoftAppCertificateFile
  return certificateFile ? { clientId, certificateFile } : { clientId, secret: settings.MicrosoftAppPassword ?? '' }
}

/** The activities of the last day, by which a replay is known after a restart. */
async function activitiesOf(audit: Audit, since: Date): Promise<string[]> {
  const found: string[] = []
  for await (const { activity } of audit.recent({ since })) if (activity !== undefined) found.unshift(activity)
  return found
}

/** People of other tenants are refused before any command, which is recorded all the same. */
function refusalOf({ from, conversation }: TeamsActivity): AuditEntry {
  const who = PersonSchema.safeParse({ tenant: conversation.tenantId, id: from.aadObjectId }).data ?? null
  return { who, command: 'activity', target: null, outcome: 'refused', note: 'another tenant' }
}
