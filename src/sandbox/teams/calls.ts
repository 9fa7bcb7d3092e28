import { createFaults, type Operation } from './faults.ts'
import { Dropped, Refusal, type Route, route } from './http.ts'
import type { Issuer } from './issuer.ts'
import { createLimits, type Kind } from './limits.ts'

/** One call of the bot, as it came in and how it ended. */
export interface Call {
  readonly operation: Operation
  readonly conversation: string
  readonly activityId: string | undefined
  readonly body: unknown
  readonly at: string
  /** HTTP status, or `lost` where the connection was dropped; `undefined` while it runs. */
  outcome: number | 'lost' | undefined
}

interface Asked {
  readonly param: (name: string) => string
  readonly query: URLSearchParams
  readonly body: unknown
}

const kinds: Partial<Record<Operation, Kind>> = {
  create: 'create',
  send: 'send',
  reply: 'send',
  update: 'send',
  members: 'read',
  member: 'read',
  team: 'read',
}

const readJson = async (request: Request): Promise<unknown> => {
  const text = await request.text()
  return text === '' ? undefined : JSON.parse(text)
}

/** How every call of the bot is met: recorded, its token checked, perhaps made to fail, counted, carried out. */
export const createCalls = (issuer: Issuer, now: () => number) => {
  const limits = createLimits(now)
  const faults = createFaults()
  const list: Call[] = []

  return {
    list: list as readonly Call[],
    faults,

    operation(operation: Operation, method: string, pathname: string, work: (asked: Asked) => Response): Route {
      return route(method, pathname, async (request, param) => {
        const body = await readJson(request)
        const conversation = param('conversation')
        const activityId = param('activity') || undefined
        const at = new Date(now()).toISOString()
        const call: Call = { operation, conversation, activityId, body, at, outcome: undefined }
        list.push(call)

        const carryOut = () => {
          const kind = kinds[operation]
          const seconds = kind && limits.take(kind, conversation)
          if (seconds !== undefined) throw new Refusal(429, 'Throttled', 'Too many requests.', seconds)
          return work({ param, body, query: new URL(request.url).searchParams })
        }
        try {
          await issuer.checkBot(request)
          const response = await faults.meet(operation, conversation, carryOut)
          call.outcome = response.status
          return response
        } catch (error) {
          call.outcome = error instanceof Dropped ? 'lost' : error instanceof Refusal ? error.status : 400
          throw error
        }
      })
    },
  }
}

export type Calls = ReturnType<typeof createCalls>
