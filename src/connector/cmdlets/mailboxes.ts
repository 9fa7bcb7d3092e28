import { z } from 'zod'
import type { Owner } from '../../inventory/device.ts'
import { flag, guid, list, text } from './rows.ts'

/** A mailbox, and the Identity under which its devices name it. */
interface Seen<T> {
  readonly identity: string
  readonly owner: T
}

/** What Get-CASMailbox knows of a mailbox: which protocols it has, its policy, its personal exemptions. */
export type SeenAccess = Seen<
  Required<Pick<Owner, 'mailbox' | 'name' | 'allowed' | 'blocked'>> &
    Pick<Owner, 'displayName' | 'mail' | 'entraId' | 'activeSync' | 'outlookMobile' | 'policy' | 'distinguishedName'>
>

/** What Get-Mailbox knows of it: who it is. */
export type SeenMailbox = Seen<
  Omit<Owner, 'connector' | 'allowed' | 'blocked' | 'activeSync' | 'outlookMobile' | 'policy'>
>

const identity = {
  Guid: guid,
  Identity: text,
  Name: text,
  DisplayName: text,
  PrimarySmtpAddress: text,
  ExternalDirectoryObjectId: text,
  DistinguishedName: text,
}

export const accessProperties = [
  ...Object.keys(identity),
  'ActiveSyncEnabled',
  'OutlookMobileEnabled',
  'ActiveSyncMailboxPolicy',
  'ActiveSyncMailboxPolicyIsDefaulted',
  'ActiveSyncAllowedDeviceIDs',
  'ActiveSyncBlockedDeviceIDs',
]

export const mailboxProperties = [
  ...Object.keys(identity),
  'Alias',
  'UserPrincipalName',
  'RecipientTypeDetails',
  'AccountDisabled',
]

export const AccessRowSchema = z
  .object({
    ...identity,
    ActiveSyncEnabled: flag,
    OutlookMobileEnabled: flag,
    ActiveSyncMailboxPolicy: text,
    ActiveSyncMailboxPolicyIsDefaulted: flag,
    ActiveSyncAllowedDeviceIDs: list,
    ActiveSyncBlockedDeviceIDs: list,
  })
  .transform(
    (row): SeenAccess => ({
      identity: row.Identity ?? nameIn(row),
      owner: {
        mailbox: row.Guid,
        name: nameIn(row),
        displayName: row.DisplayName ?? nameIn(row),
        ...whoIn(row),
        activeSync: row.ActiveSyncEnabled,
        outlookMobile: row.OutlookMobileEnabled,
        policy: row.ActiveSyncMailboxPolicyIsDefaulted === true ? undefined : row.ActiveSyncMailboxPolicy,
        allowed: row.ActiveSyncAllowedDeviceIDs,
        blocked: row.ActiveSyncBlockedDeviceIDs,
      },
    }),
  )

export const MailboxRowSchema = z
  .object({
    ...identity,
    Alias: text,
    UserPrincipalName: text,
    RecipientTypeDetails: text,
    AccountDisabled: flag,
  })
  .transform(
    (row): SeenMailbox => ({
      identity: row.Identity ?? nameIn(row),
      owner: {
        mailbox: row.Guid,
        name: nameIn(row),
        displayName: row.DisplayName ?? nameIn(row),
        alias: row.Alias,
        upn: row.UserPrincipalName,
        ...whoIn(row),
        kind: row.RecipientTypeDetails,
        accountDisabled: row.AccountDisabled,
      },
    }),
  )

const EntraId = z.compile(guid)

interface Who {
  readonly Guid: string
  readonly Name: string | undefined
  readonly Identity: string | undefined
  readonly PrimarySmtpAddress: string | undefined
  readonly ExternalDirectoryObjectId: string | undefined
  readonly DistinguishedName: string | undefined
}

/** Its Name, or what else there is to call it. */
const nameIn = ({ Name, Identity, PrimarySmtpAddress, Guid }: Who) => Name ?? Identity ?? PrimarySmtpAddress ?? Guid

/** What both cmdlets may show of somebody; what one of them does not show, it does not deny. */
function whoIn({ PrimarySmtpAddress: mail, ExternalDirectoryObjectId, DistinguishedName: distinguishedName }: Who) {
  const { data: entraId } = EntraId.safeParse(ExternalDirectoryObjectId)
  return { ...(mail && { mail }), ...(entraId && { entraId }), ...(distinguishedName && { distinguishedName }) }
}
