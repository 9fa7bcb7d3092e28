import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { type Call, type Result, runCmdlet } from './cmdlets.ts'
import { CmdletError } from './errors.ts'
import type { Organization } from './model.ts'

/** What goes wrong with a cmdlet, so many times; `*` is any cmdlet, and the first `after` requests still go well. */
export const FaultSchema = z.strictObject({
  cmdlet: z.string(),
  organization: z.string().optional(),
  times: z.int().positive().default(1),
  after: z.int().nonnegative().default(0),
  then: z.enum(['status', 'lost-before', 'lost-after', 'slow', 'garbled']),
  status: z.int().min(400).max(599).default(503),
  retryAfter: z.number().positive().optional(),
  ms: z.int().nonnegative().default(1000),
})
export type Fault = z.infer<typeof FaultSchema>

/** A cmdlet that reached an organization, and what came of it. */
export interface LoggedCall extends Call {
  readonly n: number
  readonly at: string
  readonly organization: string
  readonly door: string
  /** `done`, `confirmation` (nothing was done yet), or the .NET exception. */
  readonly outcome: string
  readonly error?: string
}

/** How a request to a door ends: with what Exchange answered, or with a fault for the door to act out. */
export type Ending<T> =
  | { readonly kind: 'answered' | 'garbled'; readonly value: T }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter: number | undefined }
  | { readonly kind: 'lost' }

export type Sandbox = ReturnType<typeof createSandbox>

/** Everything that doors and control port share: the organizations, what reached them, and what shall go wrong. */
export function createSandbox(now: () => number) {
  const organizations = new Map<string, Organization>()
  const calls: LoggedCall[] = []
  let faults: Fault[] = []

  function takeFault(cmdlet: string, organization: Organization) {
    const index = faults.findIndex(
      (fault) =>
        (fault.cmdlet === '*' || fault.cmdlet.toLowerCase() === cmdlet.toLowerCase()) &&
        (fault.organization ?? organization.name) === organization.name,
    )
    const fault = faults[index]
    if (!fault) return undefined
    if (fault.after > 0) {
      faults = faults.with(index, { ...fault, after: fault.after - 1 })
      return undefined
    }
    faults = fault.times > 1 ? faults.with(index, { ...fault, times: fault.times - 1 }) : faults.toSpliced(index, 1)
    return fault
  }

  /** Does what a request wants, unless a fault for its cmdlet says otherwise. */
  async function withFaults<T>(cmdlet: string, organization: Organization, act: () => T): Promise<Ending<T>> {
    const fault = takeFault(cmdlet, organization)
    if (fault?.then === 'lost-before') return { kind: 'lost' }
    if (fault?.then === 'status') return { kind: 'status', status: fault.status, retryAfter: fault.retryAfter }
    if (fault?.then === 'slow') await wait(fault.ms)
    const value = act()
    if (fault?.then === 'lost-after') return { kind: 'lost' }
    return { kind: fault?.then === 'garbled' ? 'garbled' : 'answered', value }
  }

  /** Runs a cmdlet and writes down that it arrived. A CmdletError is Exchange's answer too, so it is handed back. */
  function run(call: Call, organization: Organization, door: string, requestor: string): Result | CmdletError {
    const entry = {
      n: calls.length + 1,
      at: new Date(now()).toISOString(),
      organization: organization.name,
      door,
      ...call,
    }
    try {
      const result = runCmdlet(call, { organization, now: now(), requestor })
      calls.push({ ...entry, outcome: result.confirmation === undefined ? 'done' : 'confirmation' })
      return result
    } catch (error) {
      if (!(error instanceof CmdletError)) throw error
      calls.push({ ...entry, outcome: error.type, error: error.message })
      return error
    }
  }

  return {
    now,
    organizations,
    calls,
    withFaults,
    run,
    addFault(fault: Fault) {
      faults = [...faults, fault]
    },
    clearFaults() {
      faults = []
    },
  }
}
