import { z } from 'zod'
import { guid, text } from '../cmdlets/rows.ts'
import type { Exchange } from '../exchange.ts'
import type { Value } from '../transport.ts'
import { type AccessRule, type AccessStep, levels, type OrganizationAccess } from './rule.ts'

const level = z.enum(levels)

const RuleRowSchema = z
  .object({ Guid: guid, Name: text, AccessLevel: level, Characteristic: z.string(), QueryString: z.string() })
  .transform(
    (row): AccessRule => ({
      guid: row.Guid,
      name: row.Name ?? `${row.QueryString}(${row.Characteristic})`,
      level: row.AccessLevel,
      characteristic: row.Characteristic,
      query: row.QueryString,
    }),
  )

const SettingsRowSchema = z.object({ DefaultAccessLevel: level }).transform((row) => row.DefaultAccessLevel)
const ClassRowSchema = z.object({ DeviceModel: text, DeviceType: text })

/** The rules and the default access level, as Exchange has them. */
export async function readAccess(exchange: Exchange, signal: AbortSignal): Promise<OrganizationAccess> {
  const rules = await exchange.read(RuleRowSchema, 'Get-ActiveSyncDeviceAccessRule', signal)
  const settings = await exchange.read(SettingsRowSchema, 'Get-ActiveSyncOrganizationSettings', signal)
  const [defaultLevel = 'Allow'] = settings
  return { rules, defaultLevel }
}

/** Models and types that the organization has seen, also of devices that are gone. */
export async function readClasses(exchange: Exchange, signal: AbortSignal) {
  const rows = await exchange.read(ClassRowSchema, 'Get-ActiveSyncDeviceClass', signal)
  const named = (names: readonly (string | undefined)[]) => [...new Set(names.flatMap((name) => name ?? []))]
  return {
    DeviceModel: named(rows.map(({ DeviceModel }) => DeviceModel)),
    DeviceType: named(rows.map(({ DeviceType }) => DeviceType)),
  }
}

function cmdletOf(step: AccessStep): { name: string; parameters: Record<string, Value> } {
  switch (step.do) {
    case 'add':
      return {
        name: 'New-ActiveSyncDeviceAccessRule',
        parameters: { AccessLevel: step.level, Characteristic: step.characteristic, QueryString: step.query },
      }
    case 'set':
      return { name: 'Set-ActiveSyncDeviceAccessRule', parameters: { Identity: step.guid, AccessLevel: step.level } }
    case 'remove':
      return { name: 'Remove-ActiveSyncDeviceAccessRule', parameters: { Identity: step.guid, Confirm: false } }
    case 'default':
      return { name: 'Set-ActiveSyncOrganizationSettings', parameters: { DefaultAccessLevel: step.level } }
  }
}

/** Takes one step in Exchange. Throws as the carrier does. */
export async function take(step: AccessStep, exchange: Exchange, signal: AbortSignal): Promise<void> {
  const { name, parameters } = cmdletOf(step)
  await exchange.run(name, parameters, signal)
}
