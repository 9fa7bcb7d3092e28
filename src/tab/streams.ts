import type { ServerResponse } from 'node:http'
import { type Thing, things } from './contract.ts'
import type { Session } from './signin.ts'

/** Changes within this time are told together, in milliseconds. */
const gather = 300
/** So often something is sent in any case, so that no proxy takes the line for dead. */
const beat = 20_000
/** Windows of one person that may listen at once; a further one ends the oldest. */
const mostWindows = 8
/** Whoever does not read what was sent is cut off at so many bytes, and asks anew. */
const mostUnread = 64 * 1024

interface Stream {
  readonly person: string
  readonly response: ServerResponse
}

export type Streams = ReturnType<typeof createStreams>

/** Tells open pages what kinds of things changed, and no more: what they may see of it they ask for (server-sent events). */
export function createStreams({
  now,
  wait,
}: {
  now: () => Date
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
}) {
  const streams = new Set<Stream>()
  const pending = new Set<Thing>()
  const stopping = new AbortController()

  function end(stream: Stream): void {
    streams.delete(stream)
    stream.response.end()
  }

  async function keepAlive(stream: Stream, { expires }: Session): Promise<void> {
    while (now().getTime() < expires) {
      await wait(beat, stopping.signal)
      if (!streams.has(stream)) return
      stream.response.write(':\n\n')
    }
    end(stream)
  }

  async function tellSoon(): Promise<void> {
    await wait(gather, stopping.signal)
    const text = `data: ${JSON.stringify({ changed: [...pending] })}\n\n`
    pending.clear()
    for (const { response } of streams)
      if (response.writableLength > mostUnread) response.destroy()
      else response.write(text)
  }

  /** Nobody waits for these, and a stop ends them. */
  const quietly = (work: Promise<void>) =>
    work.catch((error) => {
      if (!stopping.signal.aborted) throw error
    })

  return {
    /** Keeps the answer open for as long as the session is good. */
    open(session: Session, response: ServerResponse): void {
      const person = session.caller.id
      const stream: Stream = { person, response }
      const [oldest, ...others] = [...streams].filter((one) => one.person === person)
      if (oldest !== undefined && others.length + 1 >= mostWindows) end(oldest)
      streams.add(stream)
      response.on('close', () => streams.delete(stream))
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      response.write(':\n\n')
      void quietly(keepAlive(stream, session))
    },

    /** There is something else now of what goes by this name; what no page shows is passed over. */
    tell(name: string): void {
      const thing = streams.size === 0 ? undefined : things.find((one) => one === name)
      if (thing === undefined) return
      if (pending.size === 0) void quietly(tellSoon())
      pending.add(thing)
    },

    close(): void {
      stopping.abort()
      for (const stream of streams) end(stream)
    },
  }
}
