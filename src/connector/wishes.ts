import { z } from 'zod'
import { isBotError } from '../errors.ts'
import { flag, list, text } from './cmdlets/rows.ts'
import type { Exchange } from './exchange.ts'
import { readDefaultPolicy, setPolicy } from './policy/cmdlets.ts'
import type { Connector } from './settings.ts'
import type { Value } from './transport.ts'

/** What a connector's settings want of its organization; what they leave open Exchange keeps as it is. */
export type Wishes = Pick<Connector, 'emailAddresses' | 'userMailInsert' | 'allowExternalDeviceManagement'>

const names = ['emailAddresses', 'userMailInsert', 'allowExternalDeviceManagement'] as const

/** Whether any of these settings is a wish. */
export const isWish = (settings: readonly string[]) => names.some((name) => settings.includes(name))

const MailRowSchema = z.object({ AdminMailRecipients: list, UserMailInsert: text })
const PolicyRowSchema = z.looseObject({ AllowExternalDeviceManagement: flag })

/** Writes of the organization's own settings and of its default policy, and what is so as long as they are to be done. */
interface Open {
  readonly mail: Readonly<Record<string, Value>>
  readonly policy: { readonly guid: string; readonly allow: boolean } | undefined
  readonly texts: readonly string[]
}

const isSame = (one: readonly string[], other: readonly string[]) =>
  JSON.stringify(one.map((address) => address.toLowerCase()).sort()) ===
  JSON.stringify(other.map((address) => address.toLowerCase()).sort())

/** What Exchange shows otherwise than it is wanted; reads only what a wish is about. */
async function readOpen(wishes: Wishes, exchange: Exchange, signal: AbortSignal): Promise<Open> {
  const { emailAddresses, userMailInsert, allowExternalDeviceManagement: allow } = wishes
  const mail: Record<string, Value> = {}
  const texts: string[] = []
  if (emailAddresses.length > 0 || userMailInsert !== undefined)
    for (const row of await exchange.read(MailRowSchema, 'Get-ActiveSyncOrganizationSettings', signal)) {
      const { AdminMailRecipients: shown, UserMailInsert: insert } = row
      if (emailAddresses.length > 0 && !isSame(shown, emailAddresses)) {
        mail.AdminMailRecipients = emailAddresses
        texts.push(`Exchange sends quarantine mail to ${shown.join(', ') || 'nobody'}`)
      }
      if (userMailInsert !== undefined && userMailInsert !== insert) {
        mail.UserMailInsert = userMailInsert
        texts.push('Exchange has another text for users in quarantine mail')
      }
    }
  if (allow === undefined) return { mail, texts, policy: undefined }
  const { guid, row } = await readDefaultPolicy(exchange, signal)
  const shown = PolicyRowSchema.parse(row).AllowExternalDeviceManagement === true
  if (shown === allow) return { mail, texts, policy: undefined }
  texts.push(`Exchange ${shown ? 'allows' : 'does not allow'} external mobile device management`)
  return { mail, texts, policy: { guid, allow } }
}

/** What Exchange shows otherwise than it is wanted, in sentences without an end. */
export const readDifferences = async (wishes: Wishes, exchange: Exchange, signal: AbortSignal) =>
  (await readOpen(wishes, exchange, signal)).texts

async function write(open: Open, exchange: Exchange, signal: AbortSignal): Promise<void> {
  if (Object.keys(open.mail).length > 0) await exchange.run('Set-ActiveSyncOrganizationSettings', open.mail, signal)
  if (open.policy === undefined) return
  await setPolicy(exchange, open.policy.guid, { AllowExternalDeviceManagement: open.policy.allow }, signal)
}

/** Writes what is wanted and not so yet, and reads it back: only what Exchange shows counts. Throws as the carrier does. */
export async function fulfil(wishes: Wishes, exchange: Exchange, signal: AbortSignal): Promise<readonly string[]> {
  const open = await readOpen(wishes, exchange, signal)
  if (open.texts.length === 0) return []
  try {
    await write(open, exchange, signal)
  } catch (error) {
    if (!isBotError(error, 'EXCHANGE_OUTCOME_UNKNOWN')) throw error
  }
  return readDifferences(wishes, exchange, signal)
}
