import {
  casMailboxColumns,
  casMailboxFilter,
  mailboxColumns,
  mailboxFilter,
  recipientColumns,
  userColumns,
} from '../columns/mailbox.ts'
import type { Mailbox, Organization } from '../model.ts'
import type { Columns } from '../values.ts'
import { before, online, onPremises, since } from '../version.ts'
import { type Cmdlet, defineCmdlet, found, limited, named, unchanged } from './cmdlet.ts'
import { list } from './listing.ts'
import { anyIdentity, bool, clearable, flag, identity, multiValued, text } from './parameters.ts'

const lookup = {
  Identity: anyIdentity.optional(),
  Anr: text.optional(),
  Filter: text.optional(),
  OrganizationalUnit: text.optional(),
  RecipientTypeDetails: multiValued.optional(),
  ...limited,
}

interface Lookup {
  readonly Identity?: string | undefined
  readonly Anr?: string | undefined
  readonly OrganizationalUnit?: string | undefined
  readonly RecipientTypeDetails?: ((old: readonly string[]) => readonly string[]) | undefined
}

/** Ambiguous name resolution: what was typed begins one of these names. */
const answersTo = (anr: string) => (mailbox: Mailbox) =>
  [mailbox.name, mailbox.displayName, mailbox.firstName, mailbox.lastName, mailbox.alias, mailbox.address].some(
    (name) => name?.toLowerCase().startsWith(anr.toLowerCase()),
  )

function wanted(organization: Organization, { Identity, Anr, OrganizationalUnit, RecipientTypeDetails }: Lookup) {
  const all = Identity
    ? [found(organization.findMailbox(Identity), Identity, organization)]
    : [...organization.mailboxes.values()]
  const kinds = RecipientTypeDetails?.([]).flatMap((kind) => kind.toLowerCase().split(/\s*,\s*/))
  const unit = OrganizationalUnit?.toLowerCase()
  return all
    .filter(Anr === undefined ? () => true : answersTo(Anr))
    .filter((mailbox) => kinds === undefined || kinds.includes(mailbox.kind.toLowerCase()))
    .filter((mailbox) => unit === undefined || mailbox.unit.toLowerCase().startsWith(unit))
}

const getter = (
  name: string,
  columns: (organization: Organization) => Columns<Mailbox>,
  filterable: (organization: Organization) => Columns<Mailbox> = mailboxFilter,
) =>
  defineCmdlet({
    name,
    parameters: lookup,
    run: (given, { organization }) =>
      list(wanted(organization, given), columns(organization), given, { filterable: filterable(organization) }),
  })

const getCasMailbox = defineCmdlet({
  name: 'Get-CASMailbox',
  parameters: {
    ...lookup,
    ActiveSyncDebugLogging: flag.optional(),
    ActiveSyncSuppressReadReceipt: flag.optional(),
    ProtocolSettings: flag.optional(),
    RecalculateHasActiveSyncDevicePartnership: flag.optional(),
  },
  only: { RecipientTypeDetails: online },
  run: (given, { organization }) =>
    list(wanted(organization, given), casMailboxColumns(organization), given, {
      filterable: casMailboxFilter(organization),
    }),
})

const setCasMailbox = defineCmdlet({
  name: 'Set-CASMailbox',
  parameters: {
    Identity: identity,
    ActiveSyncAllowedDeviceIDs: multiValued.optional(),
    ActiveSyncBlockedDeviceIDs: multiValued.optional(),
    ActiveSyncMailboxPolicy: clearable.optional(),
    ActiveSyncEnabled: bool.optional(),
    ActiveSyncDebugLogging: bool.optional(),
    ActiveSyncSuppressReadReceipt: bool.optional(),
    HasActiveSyncDevicePartnership: bool.optional(),
    OutlookMobileEnabled: bool.optional(),
    OWAforDevicesEnabled: bool.optional(),
    ResetAutoBlockedDevices: flag.optional(),
  },
  only: {
    HasActiveSyncDevicePartnership: before(2013),
    OutlookMobileEnabled: online,
    OWAforDevicesEnabled: since(2013),
    ResetAutoBlockedDevices: (organization) => onPremises(organization) && since(2013)(organization),
  },
  run(given, { organization, now }) {
    const old = found(organization.findMailbox(given.Identity), given.Identity, organization)
    const { ActiveSyncMailboxPolicy: wantedPolicy } = given
    const policy = wantedPolicy
      ? found(named(organization.policies, wantedPolicy), wantedPolicy, organization).guid
      : undefined
    return () => {
      if (given.ResetAutoBlockedDevices)
        for (const device of organization.devicesOf(old))
          if (autoBlocked.includes(device.reason))
            organization.putDevice({ ...device, state: 'Allowed', reason: 'Global', changed: now })
      const next: Mailbox = {
        ...old,
        allowed: given.ActiveSyncAllowedDeviceIDs?.(old.allowed) ?? old.allowed,
        blocked: given.ActiveSyncBlockedDeviceIDs?.(old.blocked) ?? old.blocked,
        policy: wantedPolicy === undefined ? old.policy : policy,
        activeSync: given.ActiveSyncEnabled ?? old.activeSync,
        outlookMobile: given.OutlookMobileEnabled ?? old.outlookMobile,
        owaForDevices: given.OWAforDevicesEnabled ?? old.owaForDevices,
        debugLogging: given.ActiveSyncDebugLogging ?? old.debugLogging,
        suppressReadReceipt: given.ActiveSyncSuppressReadReceipt ?? old.suppressReadReceipt,
      }
      if (JSON.stringify(next) === JSON.stringify(old) && !given.ResetAutoBlockedDevices)
        return unchanged(old.displayName)
      organization.putMailbox({ ...next, changed: now })
      return undefined
    }
  },
})

/** Reasons of the automatic block on premises, which Exchange lifts after a while or on request. */
const autoBlocked = [
  'UserAgentsChanges',
  'RecentCommands',
  'Watsons',
  'OutOfBudgets',
  'SyncCommands',
  'CommandFrequency',
]

export const mailboxCmdlets: readonly Cmdlet[] = [
  getter('Get-Mailbox', mailboxColumns),
  getter('Get-Recipient', recipientColumns),
  getter('Get-User', userColumns),
  getCasMailbox,
  setCasMailbox,
]
