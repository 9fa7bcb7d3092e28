import { createHash } from 'node:crypto'
import { policyOf } from '../contact.ts'
import type { Mailbox, Organization } from '../model.ts'
import type { Columns } from '../values.ts'
import * as is from '../values.ts'
import { online, since } from '../version.ts'
import { directoryObject, mailboxDn, mailboxIdentity, policyDn } from './directory.ts'

/** An Exchange-wide identity of a mailbox that old programs use. */
const legacyDn = (organization: Organization, mailbox: Mailbox) =>
  `/o=${organization.name}/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=${createHash('sha1').update(mailbox.guid).digest('hex').slice(0, 32)}-${mailbox.alias}`

const recipient = (organization: Organization): Columns<Mailbox> => ({
  DisplayName: is.text((mailbox) => mailbox.displayName),
  RecipientType: is.text(() => 'UserMailbox'),
  RecipientTypeDetails: is.text((mailbox) => mailbox.kind),
  OrganizationalUnit: is.text((mailbox) => mailbox.unit),
  ...(online(organization) && {
    ExternalDirectoryObjectId: is.text<Mailbox>((mailbox) => mailbox.externalId ?? ''),
  }),
})

const mail: Columns<Mailbox> = {
  Alias: is.text((mailbox) => mailbox.alias),
  PrimarySmtpAddress: is.text((mailbox) => mailbox.address),
  EmailAddresses: is.texts((mailbox) => [`SMTP:${mailbox.address}`]),
}

const mailboxObject = (organization: Organization) =>
  directoryObject<Mailbox>(organization, {
    name: (mailbox) => mailbox.name,
    dn: mailboxDn,
    identity: (mailbox) => mailboxIdentity(organization, mailbox),
    class: 'person',
  })

export const mailboxColumns = (organization: Organization): Columns<Mailbox> => ({
  ...recipient(organization),
  ...mail,
  UserPrincipalName: is.text((mailbox) => mailbox.upn),
  ExchangeGuid: is.guid((mailbox) => mailbox.exchangeGuid),
  SamAccountName: is.text((mailbox) => mailbox.alias.slice(0, 20)),
  LegacyExchangeDN: is.text((mailbox) => legacyDn(organization, mailbox)),
  IsMailboxEnabled: is.bool(() => true),
  IsShared: is.bool((mailbox) => mailbox.kind === 'SharedMailbox'),
  AccountDisabled: is.bool((mailbox) => mailbox.accountDisabled),
  ExchangeUserAccountControl: is.text((mailbox) => (mailbox.accountDisabled ? 'AccountDisabled' : 'None')),
  WhenMailboxCreated: is.date((mailbox) => mailbox.created),
  ...mailboxObject(organization),
})

export const recipientColumns = (organization: Organization): Columns<Mailbox> => ({
  ...recipient(organization),
  ...mail,
  FirstName: is.text((mailbox) => mailbox.firstName ?? ''),
  LastName: is.text((mailbox) => mailbox.lastName ?? ''),
  ExchangeGuid: is.guid((mailbox) => mailbox.exchangeGuid),
  HasActiveSyncDevicePartnership: is.bool((mailbox) => organization.devicesOf(mailbox).length > 0),
  ...mailboxObject(organization),
})

/** Get-User shows the account, without its mail. */
export const userColumns = (organization: Organization): Columns<Mailbox> => ({
  ...recipient(organization),
  FirstName: is.text((mailbox) => mailbox.firstName ?? ''),
  LastName: is.text((mailbox) => mailbox.lastName ?? ''),
  UserPrincipalName: is.text((mailbox) => mailbox.upn),
  SamAccountName: is.text((mailbox) => mailbox.alias.slice(0, 20)),
  AccountDisabled: is.bool((mailbox) => mailbox.accountDisabled),
  UserAccountControl: is.text((mailbox) =>
    mailbox.accountDisabled ? 'AccountDisabled, NormalAccount' : 'NormalAccount',
  ),
  ...mailboxObject(organization),
})

export const casMailboxColumns = (organization: Organization): Columns<Mailbox> => ({
  DisplayName: is.text((mailbox) => mailbox.displayName),
  ...(online(organization) && {
    ExternalDirectoryObjectId: is.text<Mailbox>((mailbox) => mailbox.externalId ?? ''),
  }),
  PrimarySmtpAddress: is.text((mailbox) => mailbox.address),
  EmailAddresses: is.texts((mailbox) => [`SMTP:${mailbox.address}`]),
  SamAccountName: is.text((mailbox) => mailbox.alias.slice(0, 20)),
  ActiveSyncEnabled: is.bool((mailbox) => mailbox.activeSync),
  ActiveSyncAllowedDeviceIDs: is.texts((mailbox) => mailbox.allowed),
  ActiveSyncBlockedDeviceIDs: is.texts((mailbox) => mailbox.blocked),
  ActiveSyncMailboxPolicy: is.id((mailbox) => policyOf(organization, mailbox)?.name),
  ActiveSyncMailboxPolicyIsDefaulted: is.bool((mailbox) => mailbox.policy === undefined),
  ActiveSyncDebugLogging: is.bool((mailbox) => mailbox.debugLogging),
  ActiveSyncSuppressReadReceipt: is.bool((mailbox) => mailbox.suppressReadReceipt),
  HasActiveSyncDevicePartnership: is.bool((mailbox) => organization.devicesOf(mailbox).length > 0),
  ...(since(2013)(organization) && { OWAforDevicesEnabled: is.bool<Mailbox>((mailbox) => mailbox.owaForDevices) }),
  ...(online(organization) && {
    OutlookMobileEnabled: is.bool<Mailbox>((mailbox) => mailbox.outlookMobile),
    UniversalOutlookEnabled: is.bool<Mailbox>(() => true),
    MacOutlookEnabled: is.bool<Mailbox>(() => true),
    OneWinNativeOutlookEnabled: is.bool<Mailbox>(() => true),
  }),
  OWAEnabled: is.bool(() => true),
  PopEnabled: is.bool(() => true),
  ImapEnabled: is.bool(() => true),
  MAPIEnabled: is.bool(() => true),
  ...mailboxObject(organization),
})

/** A filter by policy wants the distinguished name, and a mailbox that goes by the default has `$null` there. */
export const casMailboxFilter = (organization: Organization): Columns<Mailbox> => ({
  ...mailboxFilter(organization),
  ...casMailboxColumns(organization),
  ActiveSyncMailboxPolicy: is.text((mailbox) => {
    const policy = organization.policies.get(mailbox.policy ?? '')
    return policy && policyDn(organization, policy)
  }),
})

export const mailboxFilter = (organization: Organization): Columns<Mailbox> => ({
  ...recipientColumns(organization),
  ...mailboxColumns(organization),
})
