import { wipeStatus } from '../contact.ts'
import type { Device, Organization, Wipe } from '../model.ts'
import type { Columns, Enumeration } from '../values.ts'
import * as is from '../values.ts'
import { before, online, since } from '../version.ts'
import { directoryObject, mailboxDn } from './directory.ts'

const enumeration = (name: string, values: Record<string, number>): Enumeration => ({ name, values })

const accessState = enumeration('Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessState', {
  Unknown: 0,
  Allowed: 1,
  Blocked: 2,
  Quarantined: 3,
  DeviceDiscovery: 4,
})

const accessStateReason = enumeration('Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessStateReason', {
  Unknown: 0,
  Global: 1,
  Individual: 2,
  DeviceRule: 3,
  Upgrade: 4,
  Policy: 5,
  UserAgentsChanges: 6,
  RecentCommands: 7,
  Watsons: 8,
  OutOfBudgets: 9,
  SyncCommands: 10,
  EnableNotificationEmail: 11,
  CommandFrequency: 12,
  ExternallyManaged: 51,
  ExternalCompliance: 52,
  ExternalEnrollment: 53,
})

const policyStatus = enumeration(
  'Microsoft.Exchange.Data.Directory.SystemConfiguration.DevicePolicyApplicationStatus',
  {
    Unknown: 0,
    NotApplied: 1,
    AppliedInFull: 2,
    PartiallyApplied: 3,
    ExternallyManaged: 4,
  },
)

const wipeState = enumeration('Microsoft.Exchange.Management.Tasks.DeviceRemoteWipeStatus', {
  DeviceOk: 0,
  DeviceBlocked: 1,
  DeviceWipePending: 2,
  DeviceWipeSucceeded: 3,
  AccountOnlyDeviceWipePending: 4,
  AccountOnlyDeviceWipeSucceeded: 5,
})

export function deviceIdentity(organization: Organization, device: Device) {
  const mailbox = organization.mailboxes.get(device.mailbox)
  if (!mailbox) return device.name
  return online(organization)
    ? `${mailbox.name}\\ExchangeActiveSyncDevices\\${device.name}`
    : `${mailbox.unit}/${mailbox.name}/ExchangeActiveSyncDevices/${device.name}`
}

/** Exchange shows only the end of a phone number. */
const obscured = (phone: string | undefined) => phone && `******${phone.slice(-4)}`

/** Old cmdlets and old servers know the protocol's version only (Get-ActiveSyncDevice). */
const client = (legacy: boolean): Columns<Device> =>
  legacy
    ? { DeviceActiveSyncVersion: is.text((device) => device.clientVersion) }
    : {
        ClientVersion: is.text((device) => device.clientVersion),
        ClientType: is.text((device) => device.clientType),
      }

const access: Columns<Device> = {
  DeviceAccessState: is.member(accessState)((device) => device.state),
  DeviceAccessStateReason: is.member(accessStateReason)((device) => device.reason),
  DeviceAccessControlRule: is.id((device) => device.rule),
}

/** Get-MobileDevice. A function of the device alone: what it takes from its mailbox never changes. */
export const deviceColumns = (organization: Organization, legacy: boolean): Columns<Device> => ({
  FriendlyName: is.text((device) => device.friendlyName ?? ''),
  DeviceMobileOperator: is.text((device) => device.operator ?? ''),
  DeviceOS: is.text((device) => device.os ?? ''),
  DeviceOSLanguage: is.text((device) => device.osLanguage ?? ''),
  DeviceTelephoneNumber: is.text((device) => obscured(device.phone)),
  DeviceImei: is.text((device) => device.imei ?? ''),
  DeviceId: is.text((device) => device.deviceId),
  DeviceUserAgent: is.text((device) => device.userAgent ?? ''),
  DeviceModel: is.text((device) => device.model ?? ''),
  DeviceType: is.text((device) => device.type),
  FirstSyncTime: is.date((device) => device.firstSync),
  UserDisplayName: is.text((device) => device.userDisplayName),
  ...access,
  ...client(legacy || before(2013)(organization)),
  ...(online(organization) && {
    IsManaged: is.bool<Device>((device) => device.reason.startsWith('External')),
    IsCompliant: is.bool<Device>((device) => device.reason === 'ExternallyManaged'),
    IsDisabled: is.bool<Device>(() => false),
  }),
  ...directoryObject<Device>(organization, {
    name: (device) => device.name,
    dn(device) {
      const mailbox = organization.mailboxes.get(device.mailbox)
      return `CN=${device.name},CN=ExchangeActiveSyncDevices${mailbox ? `,${mailboxDn(mailbox)}` : ''}`
    },
    identity: (device) => deviceIdentity(organization, device),
    class: 'msExchActiveSyncDevice',
  }),
})

/** What Get-MobileDevice can filter by (its Filter parameter): neither ClientVersion nor any date but FirstSyncTime. */
export function deviceFilter(organization: Organization): Columns<Device> {
  const shown = { ...deviceColumns(organization, true), ...deviceColumns(organization, false) }
  const names =
    'ClientType DeviceAccessControlRule DeviceAccessState DeviceAccessStateReason DeviceActiveSyncVersion DeviceId DeviceImei DeviceMobileOperator DeviceModel DeviceOS DeviceOSLanguage DeviceTelephoneNumber DeviceType DeviceUserAgent FirstSyncTime FriendlyName UserDisplayName'
  return { ...pick(shown, names), ProvisioningFlags: is.int(() => 0) }
}

function pick<T>(columns: Columns<T>, names: string): Columns<T> {
  const wanted = names.split(' ')
  return Object.fromEntries(Object.entries(columns).filter(([name]) => wanted.includes(name)))
}

const wipeTimes = (prefix: string, wipeOf: (device: Device) => Wipe): Columns<Device> => ({
  [`${prefix}DeviceWipeSentTime`]: is.date((device) => wipeOf(device).sent),
  [`${prefix}DeviceWipeRequestTime`]: is.date((device) => wipeOf(device).requested),
  [`${prefix}DeviceWipeAckTime`]: is.date((device) => wipeOf(device).acknowledged),
})

const notes: Readonly<Record<string, string>> = {
  Blocked: 'The device is blocked from synchronizing with the server.',
  Quarantined: 'The device is in quarantine and must be approved by an administrator.',
}

/** Get-MobileDeviceStatistics: spelled DeviceID here, and with other names for friendly name and phone number. */
export function statisticsColumns(organization: Organization, legacy: boolean): Columns<Device> {
  const old = legacy || before(2013)(organization)
  const accountOnly = since(2016)(organization) && !old
  return {
    FirstSyncTime: is.date((device) => device.firstSync),
    LastPolicyUpdateTime: is.date((device) => device.policyUpdated),
    LastSyncAttemptTime: is.date((device) => device.lastAttempt),
    LastSuccessSync: is.date((device) => device.lastSync),
    DeviceType: is.text((device) => device.type),
    DeviceID: is.text((device) => device.deviceId),
    DeviceUserAgent: is.text((device) => device.userAgent ?? ''),
    ...wipeTimes('', (device) => device.wipe),
    LastDeviceWipeRequestor: is.text((device) => device.wipe.requestor),
    ...(accountOnly && {
      ...wipeTimes('AccountOnly', (device) => device.accountWipe),
      LastAccountOnlyDeviceWipeRequestor: is.text<Device>((device) => device.accountWipe.requestor),
    }),
    LastPingHeartbeat: is.uint((device) => (device.clientType === 'EAS' && device.lastSync !== undefined ? 900 : null)),
    RecoveryPassword: is.text(() => '********'),
    DeviceModel: is.text((device) => device.model ?? ''),
    DeviceImei: is.text((device) => device.imei ?? ''),
    DeviceFriendlyName: is.text((device) => device.friendlyName ?? ''),
    DeviceOS: is.text((device) => device.os ?? ''),
    DeviceOSLanguage: is.text((device) => device.osLanguage ?? ''),
    DevicePhoneNumber: is.text((device) => obscured(device.phone)),
    MailboxLogReport: is.text(() => ''),
    DeviceEnableOutboundSMS: is.bool(() => false),
    DeviceMobileOperator: is.text((device) => device.operator ?? ''),
    Identity: is.id((device) => deviceIdentity(organization, device)),
    Guid: is.guid((device) => device.guid),
    IsRemoteWipeSupported: is.bool((device) => device.remoteWipeSupported),
    Status: is.member(wipeState)(wipeStatus),
    StatusNote: is.text((device) => notes[device.state] ?? ''),
    ...access,
    DevicePolicyApplied: is.id((device) => device.policyApplied),
    DevicePolicyApplicationStatus: is.member(policyStatus)((device) => {
      if (device.policyApplied === undefined) return 'NotApplied'
      if (device.reason.startsWith('External')) return 'ExternallyManaged'
      return device.provisionable ? 'AppliedInFull' : 'PartiallyApplied'
    }),
    ...client(old),
    NumberOfFoldersSynced: is.int((device) => (device.lastSync === undefined ? 0 : 7)),
    SyncStateUpgradeTime: is.date(() => null),
  }
}
