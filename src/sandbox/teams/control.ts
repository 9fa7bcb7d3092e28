import { z } from 'zod'
import type { Answer, Bot } from './bot.ts'
import type { Calls } from './calls.ts'
import { type Client, opensDialog, SubmittedSchema } from './client.ts'
import { type Route, route } from './http.ts'
import { type Outcome, readActionAnswer, readDialogAnswer, readPlainAnswer } from './outcome.ts'

const at = { person: z.string(), conversation: z.string() }
const card = { ...at, activityId: z.string() }

/** The client over HTTP, for the chat page and for whoever tests from another process. */
export const createControl = (client: Client, calls: Calls, send: Bot, token: () => Promise<string>): Route[] => {
  const act = <Schema extends z.ZodType>(
    name: string,
    schema: Schema,
    work: (asked: z.output<Schema>) => Promise<unknown>,
  ) =>
    route('POST', `/_sandbox/${name}`, async (request) =>
      Response.json((await work(schema.parse(await request.json()))) ?? null),
    )
  const shown = async (answer: Promise<Answer>, read: (answer: Answer) => Outcome) => {
    const known = await answer
    return { ...known, outcome: read(known) }
  }

  return [
    act('say', z.object({ ...at, text: z.string(), mention: z.boolean().optional() }), (asked) =>
      shown(client.say(asked.person, asked.conversation, asked.text, { mention: asked.mention }), readPlainAnswer),
    ),
    act(
      'press',
      z.object({
        ...card,
        verb: z.string(),
        data: z.unknown(),
        trigger: z.enum(['manual', 'automatic']).optional(),
      }),
      (asked) =>
        shown(
          client.press(asked.person, asked.conversation, asked.activityId, asked.verb, asked.data, asked.trigger),
          readActionAnswer,
        ),
    ),
    act('see', z.object(card), (asked) => client.see(asked.person, asked.conversation, asked.activityId)),
    act('refresh', z.object(card), (asked) => client.refresh(asked.person, asked.conversation, asked.activityId)),
    act('submit', z.object({ ...card, data: SubmittedSchema }), (asked) =>
      shown(
        client.submit(asked.person, asked.conversation, asked.activityId, asked.data),
        opensDialog(asked.data) ? readDialogAnswer : readPlainAnswer,
      ),
    ),
    act('dialog', z.object({ ...at, activityId: z.string().optional(), data: z.unknown() }), (asked) =>
      shown(client.submitDialog(asked.person, asked.conversation, asked.activityId, asked.data), readDialogAnswer),
    ),
    act('consent', z.object({ ...card, accept: z.boolean() }), (asked) =>
      shown(client.consent(asked.person, asked.conversation, asked.activityId, asked.accept), readPlainAnswer),
    ),
    act(
      'invoke',
      z.object({ ...at, name: z.string(), value: z.unknown(), activityId: z.string().optional() }),
      (asked) => client.invoke(asked.person, asked.conversation, asked.name, asked.value, asked.activityId),
    ),
    act('install', z.object({ ...at, action: z.enum(['add', 'remove']).optional() }), (asked) =>
      client.install(asked.person, asked.conversation, asked.action),
    ),
    act('raw', z.object({ activity: z.unknown(), token: z.string().nullable().optional() }), async (asked) =>
      send(asked.activity, asked.token === undefined ? await token() : asked.token),
    ),

    route('GET', '/_sandbox/messages', (request) => {
      const { searchParams } = new URL(request.url)
      return Response.json(client.messages(searchParams.get('person') ?? '', searchParams.get('conversation') ?? ''))
    }),
    route('GET', '/_sandbox/calls', () => Response.json(calls.list)),
    route('POST', '/_sandbox/faults', async (request) => {
      calls.faults.add(await request.json())
      return new Response(null, { status: 204 })
    }),
    route('DELETE', '/_sandbox/faults', () => {
      calls.faults.clear()
      return new Response(null, { status: 204 })
    }),
  ]
}
