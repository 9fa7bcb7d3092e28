import { z } from 'zod'
import type { Activities, Activity } from './activities.ts'
import type { Answer } from './bot.ts'
import { conversationId, type Directory, type Person, type Spot } from './directory.ts'
import type { Files } from './files.ts'
import { Refusal } from './http.ts'
import { AttachmentSchema, type Message, type Messages } from './messages.ts'

const adaptiveCard = 'application/vnd.microsoft.card.adaptive'
const fileConsentCard = 'application/vnd.microsoft.teams.card.file.consent'

/** A card that wants to be refreshed ("Universal Action Model", Adaptive Cards). */
const RefreshingSchema = z.looseObject({
  refresh: z.looseObject({
    action: z.looseObject({ type: z.literal('Action.Execute'), verb: z.string(), data: z.unknown() }),
    userIds: z.array(z.string()).optional(),
  }),
})

const CardAnswerSchema = z.looseObject({
  statusCode: z.literal(200),
  type: z.literal(adaptiveCard),
  value: z.unknown(),
})

const FileConsentSchema = AttachmentSchema.extend({
  contentType: z.literal(fileConsentCard),
  name: z.string(),
  content: z.looseObject({ acceptContext: z.unknown(), declineContext: z.unknown() }),
})

/** The data of an Action.Submit. */
export const SubmittedSchema = z.looseObject({ msteams: z.looseObject({ type: z.string().optional() }).optional() })

export const opensDialog = ({ msteams }: z.infer<typeof SubmittedSchema>) => msteams?.type === 'task/fetch'

/** Without a list of users a card refreshes itself only where there are at most so many ("User Specific Views"). */
const mostRefreshed = 60
/** A card that was invoked within this time is not refreshed by being seen ("Up to date cards"). */
const fresh = 60_000

export type Trigger = 'manual' | 'automatic'

/** What each person's Teams does for them: all that the chat page and the tests can make people do. */
export const createClient = (
  {
    directory,
    messages,
    activities,
    files,
    installed,
    deliver,
  }: {
    directory: Directory
    messages: Messages
    activities: Activities
    files: Files
    installed: Set<string>
    deliver: (activity: Activity) => Promise<Answer>
  },
  now: () => number,
) => {
  const find = (who: string, where: string): [Person, Spot] => {
    const person = directory.person(who)
    return [person, directory.spot(person, where)]
  }
  const seen = (person: Person, activityId: string) => {
    const message = messages.seenBy(activityId, person.id)
    if (!message) throw new Refusal(404, 'ActivityNotFound', `There is no message ${activityId}.`)
    return message
  }

  /** In a channel an invoke belongs to the thread of the message that it came from. */
  const invokeFrom = (person: Person, spot: Spot, name: string, value: unknown, activityId?: string) => {
    const thread = (activityId && messages.find(activityId)?.thread) ?? spot.thread
    const fields = { type: 'invoke', name, value, replyToId: activityId }
    return deliver(activities.activity(person, { ...spot, thread }, { id: `f:${messages.newId()}`, ...fields }))
  }

  const execute = async (
    person: Person,
    spot: Spot,
    activityId: string,
    action: { verb: string; data: unknown },
    trigger: Trigger,
  ) => {
    const asked = seen(person, activityId)
    messages.invoked(activityId, person.id)
    const value = { action: { type: 'Action.Execute', ...action }, trigger }
    const answer = await invokeFrom(person, spot, 'adaptiveCard/action', value, activityId)
    const card = CardAnswerSchema.safeParse(answer.body)
    const edited = messages.find(activityId)?.edited !== asked.edited
    if (answer.status === 200 && card.success && !edited) {
      messages.show(activityId, person.id, [{ contentType: adaptiveCard, content: card.data.value }])
    }
    return answer
  }

  const refreshOf = ({ attachments }: Message) => {
    for (const { contentType, content } of attachments) {
      const card = contentType === adaptiveCard ? RefreshingSchema.safeParse(content) : undefined
      if (card?.success) return card.data.refresh
    }
    return undefined
  }

  return {
    /** Types a message. Outside personal chat the bot is mentioned, and without a mention it hears nothing. */
    async say(who: string, where: string, text: string, { mention = true } = {}): Promise<Answer> {
      const [person, { place, thread }] = find(who, where)
      const id = messages.newId()
      const spot = { place, thread: place.type === 'channel' ? (thread ?? id) : undefined }
      const heard = place.type === 'personal' || mention
      const toBot = place.type !== 'personal' && mention
      const activity = activities.message(person, spot, id, text, toBot)
      const { textFormat, attachments, entities } = activity
      messages.post(spot, person, { text: activity.text, textFormat, attachments, entities }, undefined, id)
      if (!heard || !installed.has(place.id)) return { status: 0, body: 'not delivered', posted: [] }
      return deliver(activity)
    },

    /** Presses a button of a card, or one that the card does not even have. */
    async press(
      who: string,
      where: string,
      activityId: string,
      verb: string,
      data: unknown,
      trigger: Trigger = 'manual',
    ) {
      return execute(...find(who, where), activityId, { verb, data }, trigger)
    },

    /** Lays eyes on a card: its refresh is performed where Teams would. Without a refresh there is no answer. */
    async see(who: string, where: string, activityId: string): Promise<Answer | undefined> {
      const [person, spot] = find(who, where)
      const refresh = refreshOf(seen(person, activityId))
      const last = messages.lastInvoke(activityId, person.id)
      if (!refresh || (last !== undefined && now() - last < fresh)) return undefined
      const wanted = refresh.userIds?.slice(0, mostRefreshed).includes(person.id)
      if (!(wanted ?? spot.place.members.length <= mostRefreshed)) return undefined
      return execute(person, spot, activityId, refresh.action, 'automatic')
    },

    /** Chooses "Refresh card" in the menu of a message. */
    async refresh(who: string, where: string, activityId: string): Promise<Answer | undefined> {
      const [person, spot] = find(who, where)
      const refresh = refreshOf(seen(person, activityId))
      return refresh && execute(person, spot, activityId, refresh.action, 'manual')
    },

    /** An Action.Submit of a card: it opens a dialog where its data says so, and else is a message with a value. */
    async submit(who: string, where: string, activityId: string, data: z.infer<typeof SubmittedSchema>) {
      const [person, spot] = find(who, where)
      if (opensDialog(data)) {
        return invokeFrom(person, spot, 'task/fetch', { data, context: { theme: 'default' } }, activityId)
      }
      const { thread } = seen(person, activityId)
      const fields = { type: 'message', value: data, replyToId: activityId }
      return deliver(activities.activity(person, { ...spot, thread }, { id: messages.newId(), ...fields }))
    },

    /** Sends a dialog's form. */
    async submitDialog(who: string, where: string, activityId: string | undefined, data: unknown) {
      return invokeFrom(...find(who, where), 'task/submit', { data, context: { theme: 'default' } }, activityId)
    },

    /** Any other invoke, such as `composeExtension/query`. */
    async invoke(who: string, where: string, name: string, value: unknown, activityId?: string) {
      return invokeFrom(...find(who, where), name, value, activityId)
    },

    /** Accepts or declines the file that a bot offers ("Send and receive files through a bot", Microsoft Learn). */
    async consent(who: string, where: string, activityId: string, accept: boolean) {
      const [person, spot] = find(who, where)
      const card = seen(person, activityId).attachments.find(({ contentType }) => contentType === fileConsentCard)
      const { name, content } = FileConsentSchema.parse(card)
      const value = accept
        ? { type: 'fileUpload', action: 'accept', context: content.acceptContext, uploadInfo: files.reserve(name) }
        : { type: 'fileUpload', action: 'decline', context: content.declineContext }
      messages.show(activityId, person.id, [
        { contentType: fileConsentCard, name, content: { ...content, answered: value.action } },
      ])
      return invokeFrom(person, spot, 'fileConsent/invoke', value, activityId)
    },

    /** Adds the bot to a conversation, or removes it; afterwards it may not write there. */
    async install(who: string, where: string, action: 'add' | 'remove' = 'add') {
      const [person, spot] = find(who, where)
      if (action === 'add') installed.add(spot.place.id)
      else installed.delete(spot.place.id)
      const answers: Answer[] = []
      for (const activity of activities.installation(person, spot, messages.newId, action)) {
        answers.push(await deliver(activity))
      }
      return answers
    },

    /** The messages of a conversation as this person sees them, oldest first. */
    messages: (who: string, where: string) => {
      const [person, spot] = find(who, where)
      return messages.list(spot, person.id)
    },

    /** An activity of this person in Teams' shape, for `raw`; `fields` add to it or replace. */
    activity(
      who: string,
      where: string,
      fields: { type: string; id?: string; channelData?: object; [field: string]: unknown },
    ) {
      return activities.activity(...find(who, where), { id: messages.newId(), ...fields })
    },

    conversationId: (who: string, where: string) => conversationId(find(who, where)[1]),
  }
}

export type Client = ReturnType<typeof createClient>
