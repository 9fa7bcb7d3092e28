import { z } from 'zod'
import { createMailbox } from '../fleet/people.ts'
import type { Random } from '../fleet/random.ts'
import type { Mailbox, Organization } from '../model.ts'
import { Refused } from './refused.ts'

const switches = {
  organization: z.string().optional(),
  RecipientTypeDetails: z.string().optional(),
  AccountDisabled: z.boolean().optional(),
  ActiveSyncEnabled: z.boolean().optional(),
  OutlookMobileEnabled: z.boolean().optional(),
  OrganizationalUnit: z.string().optional(),
  DisplayName: z.string().optional(),
}

export const MailboxChangeSchema = z.strictObject(switches)
export const NewMailboxSchema = z.strictObject({
  ...switches,
  Alias: z.string().min(1),
  ExternalDirectoryObjectId: z.guid().optional(),
})

/** Applies the switches that were given. */
export function changeMailbox(
  organization: Organization,
  mailbox: Mailbox,
  change: z.infer<typeof MailboxChangeSchema>,
  now: number,
) {
  const next: Mailbox = {
    ...mailbox,
    kind: change.RecipientTypeDetails ?? mailbox.kind,
    accountDisabled: change.AccountDisabled ?? mailbox.accountDisabled,
    activeSync: change.ActiveSyncEnabled ?? mailbox.activeSync,
    outlookMobile: change.OutlookMobileEnabled ?? mailbox.outlookMobile,
    unit: change.OrganizationalUnit ?? mailbox.unit,
    displayName: change.DisplayName ?? mailbox.displayName,
    changed: now,
  }
  organization.putMailbox(next)
  return showMailbox(next)
}

export function newMailbox(
  organization: Organization,
  about: z.infer<typeof NewMailboxSchema>,
  random: Random,
  now: number,
) {
  const { Alias, DisplayName = Alias, ExternalDirectoryObjectId, ...rest } = about
  if (organization.isTaken(Alias)) throw new Refused(409, `There is a mailbox ${Alias} already.`)
  const identity = {
    alias: Alias,
    displayName: DisplayName,
    ...(ExternalDirectoryObjectId !== undefined && { externalId: ExternalDirectoryObjectId }),
  }
  return changeMailbox(organization, createMailbox(identity, organization, random, now), rest, now)
}

/** A mailbox for somebody who watches. */
export const showMailbox = (mailbox: Mailbox) => ({
  Guid: mailbox.guid,
  ExternalDirectoryObjectId: mailbox.externalId ?? null,
  Name: mailbox.name,
  Alias: mailbox.alias,
  DisplayName: mailbox.displayName,
  PrimarySmtpAddress: mailbox.address,
  OrganizationalUnit: mailbox.unit,
  RecipientTypeDetails: mailbox.kind,
  AccountDisabled: mailbox.accountDisabled,
  ActiveSyncEnabled: mailbox.activeSync,
  OutlookMobileEnabled: mailbox.outlookMobile,
  ActiveSyncAllowedDeviceIDs: mailbox.allowed,
  ActiveSyncBlockedDeviceIDs: mailbox.blocked,
})
