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
  /** Exchange 2010 has other names for some parameters; what they are called tells which it is. */
  readonly generation: Generation
  /** As Exchange shows it. */
  readonly row: Readonly<Record<string, unknown>>
}

const PolicyRowSchema = z
  .looseObject({ Guid: guid, Name: z.string(), IsDefault: flag.optional(), IsDefaultPolicy: flag.optional() })
  .transform((row) => ({
    isDefault: row.IsDefault === true || row.IsDefaultPolicy === true,
    policy: {
      guid: row.Guid,
      name: row.Name,
      generation: 'DevicePasswordEnabled' in row ? ('2010' as const) : ('2013' as const),
      row,
    },
  }))

/** Throws POLICY_REFUSED where there is none; Exchange has at most one. */
export async function readDefaultPolicy(exchange: Exchange, signal: AbortSignal): Promise<DefaultPolicy> {
  const policies = await exchange.read(PolicyRowSchema, 'Get-MobileDeviceMailboxPolicy', signal)
  const found = policies.find(({ isDefault }) => isDefault)
  if (found !== undefined) return found.policy
  throw new BotError(
    'POLICY_REFUSED',
    'This organization has no default mobile device mailbox policy; make one the default in Exchange, then try again.',
  )
}

/** Changes these parameters of one policy and no other. */
export async function setPolicy(
  exchange: Exchange,
  identity: string,
  parameters: Readonly<Record<string, Value>>,
  signal: AbortSignal,
): Promise<void> {
  await exchange.run('Set-MobileDeviceMailboxPolicy', { Identity: identity, ...parameters }, signal)
}
