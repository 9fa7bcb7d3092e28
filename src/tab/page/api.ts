import * as z from 'zod/mini'
import { AnswerSchema, type AskSchema, ChangedSchema, type Thing } from '../contract.ts'
import { unpressed } from './dom.ts'

/** Who is there. */
export interface Session {
  /** A token that is good; another one where the last was refused. */
  token(refused: boolean): Promise<string>
}

/** What the desk will not do, in its own words. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

const NoticeSchema = z.object({ title: z.string(), text: z.string() })

export type Api = ReturnType<typeof createApi>

type Asked = z.input<typeof AskSchema>
type Data = Asked['data']

/** Asks the desk what one asks the bot in chat: a command with its arguments by name. */
export function createApi(session: Session) {
  async function send(path: string, init: RequestInit): Promise<Response> {
    const once = async (refused: boolean) => {
      const authorization = `Bearer ${await session.token(refused)}`
      return fetch(`tab/api/${path}`, { ...init, headers: { ...init.headers, authorization } })
    }
    const first = await once(false)
    const response = first.status === 401 ? await once(true) : first
    if (response.status === 401) throw new Error('Device Desk does not take your sign-in; open the tab anew.')
    if (!response.ok) throw new Error(`Device Desk could not answer (${response.status}); try again.`)
    return response
  }

  const post = (path: string, body: Asked) =>
    send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  async function ask(body: Asked) {
    const answer = AnswerSchema.parse(await (await post('ask', body)).json())
    if (body.automatic) await unpressed()
    return answer
  }

  return {
    /** An answer as the card of the bot. */
    card: (verb: string, data: Data, automatic = false) => ask({ verb, data, automatic }),

    /** An answer that the page draws itself. Throws Refused. */
    async read<T extends z.core.$ZodType>(schema: T, verb: string, data: Data, automatic = false) {
      const answer = await ask({ verb, data, automatic, plain: true })
      const notice = answer.template === 'notice' ? NoticeSchema.safeParse(answer.data).data : undefined
      if (notice !== undefined) throw new Refused(notice.text)
      return z.parse(schema, answer.data)
    },

    /** Saves the file that a command makes. */
    async save(verb: string, data: Data): Promise<void> {
      const response = await post('file', { verb, data })
      const [, name = 'report.csv'] =
        /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('content-disposition') ?? '') ?? []
      const link = document.createElement('a')
      link.href = URL.createObjectURL(await response.blob())
      link.download = decodeURIComponent(name)
      link.click()
      URL.revokeObjectURL(link.href)
    },

    /** Hears what changes, for as long as the page is open; `back` after each break, in which something may have been missed. */
    async listen(on: {
      changed: (what: readonly Thing[]) => void
      lost: () => void
      back: () => void
    }): Promise<never> {
      for (let tries = 0; ; tries += 1) {
        try {
          const { body } = await send('events', {})
          if (body === null) throw new Error('no events')
          if (tries > 0) on.back()
          tries = 0
          for await (const data of eventsOf(body)) on.changed(ChangedSchema.parse(JSON.parse(data)).changed)
        } catch (error) {
          console.warn(error)
        }
        on.lost()
        await new Promise((resolve) => setTimeout(resolve, Math.min(15_000, 500 * 2 ** tries)))
      }
    },
  }
}

/** The data of each event of a stream ("Server-sent events", HTML standard); EventSource itself cannot carry a token. */
async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const events = (rest + value).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) if (event.startsWith('data: ')) yield event.slice('data: '.length)
  }
}
