import { z } from 'zod'
import { BotError } from '../../errors.ts'
import { flag, guid } from '../cmdlets/rows.ts'
import type { Exchange } from '../exchange.ts'
import type { Value } from '../transport.ts'
import type { Generation } from './kinds.ts'

/** The mobile device mailbox policy of everybody who has none of their own. */
export interface DefaultPolicy {
  readonly guid: string
  readonly name: string
  /** As Exchange shows it. */
  readonly row: Readonly<Record<string, unknown>>
}

const PolicyRowSchema = z.looseObject({
  Guid: guid,
  Name: z.string(),
  IsDefault: flag.optional(),
  IsDefaultPolicy: flag.optional(),
})

const noun = (generation: Generation) =>
  generation === '2010' ? 'ActiveSyncMailboxPolicy' : 'MobileDeviceMailboxPolicy'

/** Throws POLICY_REFUSED where there is none; Exchange has at most one. */
export async function readDefaultPolicy(
  exchange: Exchange,
  generation: Generation,
  signal: AbortSignal,
): Promise<DefaultPolicy> {
  let found: DefaultPolicy | undefined
  for await (const row of exchange.invoke({ name: `Get-${noun(generation)}`, parameters: {} }, signal)) {
    const { Guid, Name, IsDefault, IsDefaultPolicy } = PolicyRowSchema.parse(row)
    if (IsDefault === true || IsDefaultPolicy === true) found = { guid: Guid, name: Name, row }
  }
  if (found === undefined)
    throw new BotError(
      'POLICY_REFUSED',
      'This organization has no default mobile device mailbox policy; make one the default in Exchange, then try again.',
    )
  return found
}

/** Changes these parameters of one policy and no other. */
export async function setPolicy(
  exchange: Exchange,
  generation: Generation,
  identity: string,
  parameters: Readonly<Record<string, Value>>,
  signal: AbortSignal,
): Promise<void> {
  const cmdlet = { name: `Set-${noun(generation)}`, parameters: { Identity: identity, ...parameters } }
  for await (const _ of exchange.invoke(cmdlet, signal)) {
    // A write has nothing to say but that it ended.
  }
}
