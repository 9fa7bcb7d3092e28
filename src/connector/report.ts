import { z } from 'zod'
import { BotError, isBotError } from '../errors.ts'
import { FindingSchema, type Offered } from './checklist.ts'
import { VersionSchema } from './version.ts'

/** One step of connecting, and what came of it; those behind a failed one were not tried. */
const StepSchema = z.object({ name: z.string(), passed: z.boolean(), text: z.string() })

const ServerSchema = z.object({
  name: z.string(),
  host: z.string(),
  version: VersionSchema.optional(),
  takesClients: z.boolean(),
})

/** What came of connecting to an organization: how far it got, what is there, and what the account may do. */
export const ReportSchema = z.object({
  at: z.iso.datetime(),
  steps: z.array(StepSchema),
  /** The organization's own id. */
  organization: z.string().optional(),
  /** The address that let us in. */
  address: z.string().optional(),
  /** The organization's servers; Exchange Online is one. */
  servers: z.array(ServerSchema),
  findings: z.array(FindingSchema),
  /** Whether account data alone can be wiped, as far as the servers' versions go. */
  hasAccountOnly: z.boolean(),
  /** What does not work as it should, though it works. */
  restrictions: z.array(z.string()),
})

export type Report = z.infer<typeof ReportSchema>
export type Server = z.infer<typeof ServerSchema>

export type Steps = ReturnType<typeof createSteps>

/** Takes step after step and notes what came of each. What a step throws is a BotError, and thrown on. */
export function createSteps() {
  const taken: z.infer<typeof StepSchema>[] = []
  let offered: Offered | undefined
  const note = (name: string, passed: boolean, text: string) => void taken.push({ name, passed, text })

  return {
    taken,

    /** What the account may run, which is worth knowing also where a later step fails. */
    offered: () => offered,
    found: (cmdlets: Offered | undefined) => {
      offered = cmdlets
    },

    /** One step; `said` is what there is to say of its result. */
    async take<T>(name: string, work: () => Promise<T> | T, said: (result: T) => string): Promise<T> {
      try {
        const result = await work()
        note(name, true, said(result))
        return result
      } catch (error) {
        note(name, false, reasonOf(error))
        throw error
      }
    },

    /** The first request to a server: it tells three things, whether it answers, encrypts, and lets the account in. */
    async contact<T>(work: () => Promise<T>, addressOf: (result: T) => URL): Promise<T> {
      try {
        const result = await work()
        const { host, protocol } = addressOf(result)
        note('Reachable', true, `${host} answers.`)
        note('TLS', true, protocol === 'https:' ? 'Its certificate is trusted.' : 'Not needed within this machine.')
        note('Sign-in', true, 'The account may come in.')
        return result
      } catch (error) {
        const failed = stageOf(error)
        if (failed !== 'Reachable') note('Reachable', true, 'It answers.')
        if (failed === 'Sign-in') note('TLS', true, 'It can be talked to.')
        note(failed, false, reasonOf(error))
        throw error
      }
    },
  }
}

/** Why something failed, without what a person could do about it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof BotError)) return 'Something went wrong; the log tells more.'
  const isOfExchange = isBotError(error, 'EXCHANGE_UNREACHABLE', 'EXCHANGE_REFUSED')
  return isOfExchange && error.cause instanceof Error ? error.cause.message : error.message
}

/** How far a first request got, by the codes of system errors among its causes. */
function stageOf(error: unknown): 'Reachable' | 'TLS' | 'Sign-in' {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'TimeoutError') return 'Reachable'
    if (!('code' in cause) || cause instanceof BotError || typeof cause.code !== 'string') continue
    return /CERT|SELF_SIGNED|UNABLE_TO|ISSUER|HOSTNAME|TLS|SSL|EPROTO/.test(cause.code) ? 'TLS' : 'Reachable'
  }
  return 'Sign-in'
}
