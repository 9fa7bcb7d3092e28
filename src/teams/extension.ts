import { z } from 'zod'
import type { DeviceRow, Reply } from '../cards/card.ts'
import type { Cards, Drawn } from '../cards/draw.ts'
import { plain } from '../cards/harmless.ts'
import type { Asked } from '../pipeline.ts'
import type { InvokeAnswer } from './adapter.ts'

/** Teams asks for so many at a time. */
const usual = 25
/** More are not shown at once. */
const most = 50

/** "Define search commands" and "Respond to search command", message extensions of the Teams documentation. */
const QuerySchema = z.object({
  commandId: z.literal('find'),
  parameters: z.array(z.object({ name: z.string(), value: z.coerce.string() })).nullish(),
  queryOptions: z.object({ skip: z.int().min(0).nullish(), count: z.int().min(1).nullish() }).nullish(),
})

/** What a search in the compose box asks of the desk; nothing for what is no search of ours. */
export function queryOf(value: unknown): Asked['request'] | undefined {
  const { data: query } = QuerySchema.safeParse(value)
  if (query === undefined) return undefined
  const { parameters, queryOptions } = query
  const text = parameters?.find(({ name }) => name === 'text')?.value.slice(0, 200) ?? ''
  const rows = Math.min(queryOptions?.count ?? usual, most)
  const skip = queryOptions?.skip ?? 0
  return {
    verb: 'find',
    data: { ...(text && { text }), rows, page: Math.floor(skip / rows) + 1 },
    automatic: false,
  }
}

/** The devices that were found, each as a card that anybody in that chat may see; whoever presses it is asked who they are. */
export function resultOf(reply: Reply, cards: Cards): InvokeAnswer {
  if (reply.template !== 'devices')
    return answer({ type: 'message', text: 'text' in reply.data ? reply.data.text : '' })
  const attachments = reply.data.rows.map((row) => ({
    contentType: 'application/vnd.microsoft.card.adaptive',
    content: cardOf(row, cards),
    preview: {
      contentType: 'application/vnd.microsoft.card.thumbnail',
      content: { title: plain(`${row.owner} · ${row.name}`), text: plain(`${row.model} · ${row.os} · ${row.state}`) },
    },
  }))
  return reply.data.total === 0
    ? answer({ type: 'message', text: reply.data.text })
    : answer({ type: 'result', attachmentLayout: 'list', attachments })
}

function cardOf({ name, shortId, owner, model, os, state, tone, press }: DeviceRow, { draw }: Cards): Drawn {
  const reply: Reply = {
    template: 'facts',
    data: {
      title: `${name} ${shortId}`,
      text: [owner, model, os].filter(Boolean).join(' · '),
      facts: [{ label: 'Access', value: state, tone }],
      times: [],
    },
    buttons: [{ title: 'Open', verb: 'device', data: press }],
  }
  return draw(reply, { shared: true })
}

const answer = (composeExtension: object): InvokeAnswer => ({ status: 200, body: { composeExtension } })
