import type { About, Reply, Step } from '../cards/card.ts'
import type { Published } from '../events/event.ts'
import type { Actor } from '../requests/request.ts'
import type { Place } from './conversations.ts'
import { mostLines, type Telling } from './grouping.ts'
import type { Stories, Story } from './stories.ts'
import type { Subscription } from './subscriptions.ts'

/** Why Teams did not take a message, for good: the conversation or the message is not there, or the bot may not write. */
export type Refusal = 'gone' | 'tooLarge' | 'refused'

/** What notify sends through. Rejects where another try may help. */
export interface Messenger {
  /** Posts a card, in the thread of a message where that is named; resolves to its id. */
  post(place: Place, reply: Reply, under?: string): Promise<{ readonly message: string } | Refusal>
  edit(place: Place, message: string, draw: () => Promise<Reply>): Promise<'edited' | Refusal>
  /** The card as somebody may see it there; undefined where they may not, or where it is no more. */
  view(place: Place, viewer: Actor, about: About): Promise<Reply | undefined>
  /** Edits every copy of a card that was posted as an answer. */
  touched(about: About): Promise<void>
  /** Forgets the answers that were posted in a conversation which is no more. */
  forget(conversation: string): Promise<void>
}

/** For whom something is told, and where. */
export interface Audience {
  readonly place: Place
  /** By whose rights. */
  readonly viewer: Actor | undefined
  /** By which subscription; none: personally. */
  readonly subscription: Subscription | undefined
}

/** Tells stories in conversations: one message for each, edited as it goes on. */
export function createTeller({
  stories,
  messenger,
  onStep,
}: {
  stories: Stories
  messenger: Messenger
  onStep: (step: string) => void
}) {
  /** The card itself, as the audience may see it; where there is none, sentences. */
  async function replyOf(story: Story, { place, viewer, subscription }: Audience): Promise<Reply> {
    const { event, storm } = story
    const { read, whole, kinds } = event
    if (read === undefined || !whole || viewer === undefined || storm !== undefined) return sentences(story)
    const narrowed = kinds.includes('digest') && subscription && { collection: subscription.collection }
    return (await messenger.view(place, viewer, { ...read, data: { ...read.data, ...narrowed } })) ?? sentences(story)
  }

  /** Posts it, or the least that can be said where that is too large. */
  async function post(place: Place, reply: Reply, least: Reply, under?: string) {
    onStep('posting')
    const posted = await messenger.post(place, reply, under)
    const sent = posted === 'tooLarge' ? await messenger.post(place, least, under) : posted
    if (typeof sent !== 'string') onStep('posted')
    return sent
  }

  /** Posts the story anew. What it shows may have changed meanwhile: then it is edited at once. */
  async function begin(story: Story, audience: Audience): Promise<'told' | Refusal> {
    const { place } = audience
    const reply = await replyOf(story, audience)
    const posted = await post(place, reply, brief(sentences(story)))
    if (typeof posted === 'string') return posted
    await stories.put({ ...story, message: posted.message })
    const now = await replyOf(story, audience)
    if (JSON.stringify(now) !== JSON.stringify(reply)) await stories.update(story, (old) => ({ ...old, v: old.v + 1 }))
    return 'told'
  }

  return {
    /** Edits the message of a story to how it is now. */
    async redraw(story: Story, audience: Audience): Promise<'edited' | Refusal> {
      const edit = (draw: () => Promise<Reply>) => messenger.edit(audience.place, story.message, draw)
      const edited = await edit(() => replyOf(story, audience))
      return edited === 'tooLarge' ? edit(async () => brief(sentences(story))) : edited
    },

    /** Tells some events; what was told already is left out. */
    async tell(telling: Telling, audience: Audience): Promise<'told' | Refusal> {
      const { place, viewer, subscription } = audience
      const { conversation } = place
      const old = await stories.get(conversation, telling.story)
      const told = await stories.told(conversation, telling.story)
      const events = telling.events.filter(({ n }) => n > told)
      const [first, event] = [events[0], events.at(-1)]
      if (first === undefined || event === undefined) return 'told'
      const story: Story = {
        ...{ conversation, story: telling.story, message: '', event, told: event.n, v: 0, drawn: 0 },
        ...(viewer && { viewer }),
        lines: linesOf(events),
        ...(subscription && { subscription: subscription.id }),
        ...(telling.kind === 'storm' && { storm: { count: events.length, from: first.n } }),
      }
      if (old === undefined) return begin(story, audience)

      const inThread = place.scope === 'channel' && telling.kind === 'story'
      const lines = telling.kind === 'storm' ? old.lines : [...old.lines, ...linesOf(events)]
      if (!inThread && lines.length > mostLines) return begin(story, audience)
      if (inThread) {
        const posted = await post(place, details(events), brief(details(events)), old.message)
        if (posted === 'gone') return begin(story, audience)
        if (typeof posted === 'string') return posted
      }
      await stories.update(old, ({ v, drawn, message, storm }) => ({
        ...story,
        ...{ message, drawn, v: v + 1, lines: inThread ? old.lines : lines },
        ...(storm && { storm: { ...storm, count: storm.count + events.length } }),
      }))
      return 'told'
    },
  }
}

type News = Extract<Reply, { template: 'news' }>

const linesOf = (events: readonly Published[]) => events.slice(0, mostLines).map(({ at, text }) => ({ at, text }))

/** A story in sentences: what is known now and, where the message itself tells it, what was before. */
function sentences({ event, lines, storm, told }: Story): News {
  const { title, text, tone = 'default', read, group = '' } = event
  if (storm !== undefined) {
    const { count, from } = storm
    const more = count > lines.length ? ` The first ${lines.length} are shown.` : ''
    return {
      template: 'news',
      data: {
        title: `${count.toLocaleString('en')} ${group}`,
        text: `All at about the same time.${more}`,
        tone,
        steps: lines,
      },
      buttons: [{ title: 'Show all', verb: 'events', data: { group, from, to: told } }],
    }
  }
  const steps: Step[] = lines.length === 1 && lines[0]?.text === text ? [] : lines
  return {
    template: 'news',
    data: { title, text, tone, steps },
    ...(read && { buttons: [{ title: 'Open', ...read }] }),
  }
}

/** The least that can be said. */
const brief = ({ template, data, buttons = [] }: News): News => ({
  template,
  data: { ...data, title: data.title.slice(0, 100), text: data.text.slice(0, 200), steps: [] },
  buttons,
})

/** What is added to the thread of a story. */
function details(events: readonly Published[]): News {
  const [event] = events
  return {
    template: 'news',
    data: {
      title: event?.title ?? '',
      text: events.length === 1 ? (event?.text ?? '') : 'What happened:',
      tone: events.at(-1)?.tone ?? 'default',
      steps: events.length === 1 ? [] : events.map(({ at, text }) => ({ at, text })),
    },
  }
}
