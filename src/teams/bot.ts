import type { Logger } from 'pino'
import { z } from 'zod'
import type { About, Reply } from '../cards/card.ts'
import type { Cards } from '../cards/draw.ts'
import { noticeReply } from '../commands/replies.ts'
import { BotError } from '../errors.ts'
import { type Conversation, conversationOf, type Happening, type Place } from '../notify/conversations.ts'
import type { Asked, Pipeline } from '../pipeline.ts'
import type { Actor } from '../requests/request.ts'
import { type TeamsActivity, unknownIn, wordsOf } from './activity.ts'
import type { InvokeAnswer } from './adapter.ts'
import { dialogOf, dialogRequestOf, noDialog } from './dialogs.ts'
import { queryOf, resultOf } from './extension.ts'
import { createFiles } from './files.ts'
import { happeningOf } from './happening.ts'
import type { Copy, LiveCards } from './live.ts'
import { placeOf } from './place.ts'
import { createReplays, keyOf } from './replays.ts'
import type { Sender } from './sender.ts'

export interface BotParts {
  readonly ask: Pipeline
  readonly cards: Cards
  readonly sender: Sender
  readonly live: LiveCards
  /** Told of every conversation from which something came. */
  readonly heard: (conversation: Conversation) => Promise<void>
  /** Told of what Teams says of a place. */
  readonly happened: (what: Happening) => Promise<void>
  /** Whether somebody owns an Entra group, as far as Graph is asked. */
  readonly ownsGroup: (person: Actor, group: string) => Promise<boolean>
  /** Activities that were taken before a restart. */
  readonly known: Iterable<string>
  /** Whether no other process has taken an activity. */
  readonly takeOnce: (activity: string) => Promise<boolean>
  /** How long people wait for an answer before they read that work is under way, in milliseconds. */
  readonly patience: number
  readonly stopping: AbortSignal
  readonly log: Logger
}

export type Bot = ReturnType<typeof createBot>

/** Teams repeats a message that is not answered for ten seconds or more; one whose card is held back is answered before. */
const mostHeld = 5000

/** So many mentioned people are looked up for one message. */
const mostMentioned = 5

/** "Send welcome messages", Teams documentation: none in a team with more members. */
const mostGreeted = 100

const PressSchema = z.object({
  action: z.object({
    type: z.literal('Action.Execute'),
    verb: z.string().max(40),
    data: z.record(z.string(), z.unknown()).nullish(),
  }),
  trigger: z.string().nullish(),
})

/** Somebody without an Entra object id holds nothing. */
const nobody = '00000000-0000-0000-0000-000000000000'

const working: Reply = {
  template: 'notice',
  data: { title: 'Working', text: 'This takes a moment; the card changes when it is done.' },
}
const handled: Reply = {
  template: 'notice',
  data: { title: 'Done already', text: 'This press was handled before; open the card anew.' },
}

/** Turns activities into commands, and replies into messages and answers. */
export function createBot({
  ask,
  cards,
  sender,
  live,
  heard,
  happened,
  ownsGroup,
  known,
  takeOnce,
  patience,
  stopping,
  log,
}: BotParts) {
  const once = createReplays<InvokeAnswer | undefined>(known, takeOnce)
  const running = new Set<Promise<void>>()
  const files = createFiles({ sender, signal: stopping, log })

  const draw = (reply: Reply, { scope }: Place) => cards.draw(reply, { shared: scope !== 'personal' })

  const askedOf = (activity: TeamsActivity, request: Asked['request']): Asked => ({
    caller: { ...callerOf(activity), addresses: () => addressesOf(activity), ownsTeam: () => ownsTeam(activity) },
    scope: placeOf(activity).scope,
    conversation: conversationOf(activity.conversation.id),
    request,
    activity: keyOf(activity),
    signal: stopping,
  })

  /** What Teams' roster knows; undefined where it cannot be asked. */
  async function addressesOf(activity: TeamsActivity): Promise<readonly string[] | undefined> {
    try {
      return (await sender.member(placeOf(activity), activity.from.id)).addresses
    } catch (error) {
      log.warn({ err: error }, 'roster not read')
      return undefined
    }
  }

  /** Teams' roster knows it, or the owners of the team's Entra group. */
  async function ownsTeam(activity: TeamsActivity): Promise<boolean> {
    const team = activity.channelData?.team?.id
    if (team === undefined) return false
    const place = placeOf(activity)
    const { owner } = await sender.member(place, activity.from.id)
    if (owner) return true
    const { group } = await sender.team(place, team)
    return group !== undefined && ownsGroup(callerOf(activity), group)
  }

  /** Work that outlives its request, and that a stop waits for. */
  function afterwards(work: () => Promise<void>): void {
    const run = work()
      .catch((error) => log.error({ err: error }, 'work after the answer failed'))
      .finally(() => running.delete(run))
    running.add(run)
  }

  /** What was said, with the Entra ids of those who were mentioned, as far as Teams' roster knows them. */
  async function wordsIn(activity: TeamsActivity): Promise<string> {
    const found = new Map<string, string>()
    for (const account of new Set(unknownIn(activity).slice(0, mostMentioned))) {
      const member = await sender.member(placeOf(activity), account).catch((error) => {
        log.warn({ err: error }, 'somebody mentioned is not in the roster')
        return undefined
      })
      if (member?.id !== undefined) found.set(account, member.id)
    }
    return wordsOf(activity, found)
  }

  /** One message: the card, or one that says so and is edited when the work takes longer. */
  async function message(activity: TeamsActivity): Promise<undefined> {
    const place = placeOf(activity)
    const drawn = live.moment()
    const work = wordsIn(activity).then((words) => ask(askedOf(activity, { words })))
    const early = await within(patience, work)
    const posting = sender.post(place, draw(early?.reply ?? working, place), { replyTo: activity.id, urgent: true })
    afterwards(async () => {
      const { reply, changed } = await work
      const [id] = await Promise.allSettled([posting])
      if (early === undefined && id.status === 'fulfilled')
        await sender.edit(place, id.value, () => draw(reply, place), true)
      if (reply.file !== undefined) await files.offer(place, reply.file)
      if (reply.about === undefined) return
      if (changed) await live.touched(reply.about)
      if (id.status === 'rejected') return
      const answered = 'notice' in reply.data ? { answered: cards.nameOf(reply) } : {}
      await live.remember(reply.about, { place, message: id.value, caller: callerOf(activity), ...answered }, drawn)
    })
    if ((await within(mostHeld, posting)) === undefined) afterwards(async () => void (await posting))
  }

  /** The presser gets the card at once; what changed something shows in every posted copy. */
  async function press(activity: TeamsActivity): Promise<InvokeAnswer> {
    const parsed = PressSchema.safeParse(activity.value)
    if (!parsed.success) return failed(400, 'BadRequest', 'This press could not be read; open the card anew.')
    const { action, trigger } = parsed.data
    const place = placeOf(activity)
    const request = { verb: action.verb, data: action.data ?? {}, automatic: trigger === 'automatic' }
    const drawn = live.moment()
    const work = ask(askedOf(activity, request))
    const early = await within(patience, work)
    afterwards(async () => {
      const { reply, changed } = await work
      const { replyToId: pressed } = activity
      const isShared = place.scope !== 'personal'
      const copyAt = (message: string): Copy => ({ place, message, caller: callerOf(activity) })
      /** What only the presser may see and do does not stand where others read along. */
      const show = (id: string) =>
        isShared && reply.about !== undefined
          ? redraw(copyAt(id), reply.about)
          : sender.edit(place, id, () => draw(reply, place), true)
      if (early === undefined && pressed !== undefined) await show(pressed)
      if (reply.file !== undefined) await files.offer(place, reply.file)
      if (!changed || reply.about === undefined) return
      if (reply.stays && pressed !== undefined) await live.move(reply.about, copyAt(pressed), drawn)
      await live.touched(reply.about, (copy, about) => {
        const isPressed = copy.message === pressed && copy.place.conversation === place.conversation
        if (!isPressed || isShared) return redraw(copy, about)
        return early === undefined ? Promise.resolve() : show(pressed)
      })
    })
    return shown(draw(early?.reply ?? working, place))
  }

  /** A search from the compose box; another one than ours is not for us. */
  async function search(activity: TeamsActivity): Promise<InvokeAnswer | undefined> {
    const request = queryOf(activity.value)
    if (request === undefined) return undefined
    const { reply } = await ask(askedOf(activity, request))
    return resultOf(reply, cards)
  }

  /** A dialog that opens, or what was filled in there. */
  async function dialog(activity: TeamsActivity): Promise<InvokeAnswer> {
    const request = dialogRequestOf(activity.value)
    if (request === undefined) return noDialog
    const work = ask(askedOf(activity, request))
    const early = await within(patience, work)
    afterwards(async () => {
      const { reply, changed } = await work
      if (changed && reply.about) await live.touched(reply.about)
    })
    return dialogOf(early?.reply ?? working, cards, placeOf(activity).scope !== 'personal')
  }

  /** A file that was offered is wanted, or is not. */
  function consent(activity: TeamsActivity): InvokeAnswer {
    const make = async (from: About) => {
      const { reply } = await ask(askedOf(activity, { ...from, automatic: false }))
      return reply.file
    }
    afterwards(() => files.answered(placeOf(activity), activity, make))
    return { status: 200 }
  }

  /** A card for somebody who did not ask for it now. */
  async function view({ scope, conversation }: Place, person: Actor, about: About): Promise<Reply> {
    const caller = { ...person, addresses: async () => [] }
    const { reply } = await ask({
      caller,
      scope,
      conversation: conversationOf(conversation),
      request: { ...about, automatic: true },
      signal: stopping,
    })
    return reply
  }

  /** Draws one posted copy anew, as its caller may see it now. */
  const redraw = (copy: Copy, about: About): Promise<void> =>
    sender.edit(copy.place, copy.message, async () => draw(await view(copy.place, copy.caller, about), copy.place))

  /** A card of welcome where the bot itself was installed, but in no team that is too big to be greeted. */
  async function installed(activity: TeamsActivity): Promise<undefined> {
    const place = placeOf(activity)
    const team = activity.channelData?.team?.id
    if (activity.action !== 'add') return
    if (team !== undefined && (await sender.team(place, team)).members > mostGreeted) return
    const help = await view(place, callerOf(activity), { verb: 'help', data: {} })
    await sender.post(place, draw(help, place), { urgent: true })
  }

  async function turn(activity: TeamsActivity): Promise<InvokeAnswer | undefined> {
    const place = placeOf(activity)
    const what = happeningOf(activity)
    if (what !== undefined) return void (await happened(what))
    const team = activity.channelData?.team?.id
    afterwards(() =>
      heard({ place, ...(place.scope === 'personal' && { person: callerOf(activity) }), ...(team && { team }) }),
    )
    if (activity.type === 'message') return message(activity)
    if (activity.type === 'installationUpdate') return installed(activity)
    if (activity.type === 'invoke') {
      if (activity.name === 'adaptiveCard/action') return press(activity)
      if (activity.name === 'composeExtension/query') return search(activity)
      if (activity.name === 'task/fetch' || activity.name === 'task/submit') return dialog(activity)
      if (activity.name === 'fileConsent/invoke') return consent(activity)
    }
    log.debug({ type: activity.type, name: activity.name }, 'not for us')
    return undefined
  }

  /** A turn whose answer could not be sent is over all the same: Teams must not repeat it. */
  const turnSafely = (activity: TeamsActivity) =>
    turn(activity).catch((error) => {
      log.error({ err: error, type: activity.type }, 'turn failed')
      return activity.type === 'invoke' ? failed(500, 'InternalError', 'Something went wrong; try again.') : undefined
    })

  return {
    /** Carries out one activity of a proven sender, once; the answer is for an invoke. */
    async take(activity: TeamsActivity): Promise<InvokeAnswer | undefined> {
      if (activity.id === undefined) return turnSafely(activity)
      const place = placeOf(activity)
      try {
        const ran = await once(keyOf(activity), () => turnSafely(activity))
        return ran === undefined && activity.type === 'invoke' ? shown(draw(handled, place)) : ran?.answer
      } catch (error) {
        if (!(error instanceof BotError)) throw error
        log.warn({ err: error }, 'an activity was not taken')
        const card = draw(noticeReply(error), place)
        if (activity.type === 'message') await sender.post(place, card, { replyTo: activity.id, urgent: true })
        return activity.type === 'invoke' ? shown(card) : undefined
      }
    },

    redraw,
    view,

    /** Resolves when nothing is under way any more. */
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function callerOf({ from, conversation, channelData }: TeamsActivity): Actor {
  const tenant = conversation.tenantId ?? channelData?.tenant?.id ?? nobody
  return { tenant: tenant.toLowerCase(), id: from.aadObjectId ?? nobody, name: from.name ?? 'Somebody' }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(late.resolve, milliseconds)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The answers of the Universal Action Model to an invoke; the HTTP status is 200 whatever they say. */
const shown = (card: object): InvokeAnswer => ({
  status: 200,
  body: { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: card },
})

const failed = (statusCode: number, code: string, message: string): InvokeAnswer => ({
  status: 200,
  body: { statusCode, type: 'application/vnd.microsoft.error', value: { code, message } },
})
