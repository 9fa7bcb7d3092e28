import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import * as parameter from './cmdlets/parameters.ts'
import type { Policy, PolicySetting } from './model.ts'
import type { PropertyType } from './values.ts'
import { type Availability, online } from './version.ts'

/** A new value, or how a multi-valued one changes. */
export type Change = PolicySetting | ((old: readonly string[]) => readonly string[])

/** One setting of a mobile device mailbox policy. */
interface Setting {
  readonly parameter: z.ZodType<Change>
  readonly type: PropertyType
  readonly standard: PolicySetting
  readonly where?: Availability
  readonly show?: (value: PolicySetting) => PolicySetting
}

const flags = (standard: boolean, names: string, where?: Availability): Readonly<Record<string, Setting>> =>
  Object.fromEntries(
    names
      .split(' ')
      .map((name) => [name, { parameter: parameter.bool, type: 'Boolean', standard, ...(where && { where }) }]),
  )

/** An enumeration of the policy; the first value is what a new policy has. */
function choice(name: string, ...names: readonly [string, ...string[]]): Setting {
  const values = Object.fromEntries(names.map((value, number) => [value, number]))
  const type = { name: `Microsoft.Exchange.Data.Directory.SystemConfiguration.${name}`, values }
  return { parameter: parameter.member(type), type, standard: names[0] }
}

const unlimited = (limits: z.ZodType<string | number>, show: Setting['show'] = String): Setting => ({
  parameter: limits,
  type: 'Unlimited',
  standard: 'Unlimited',
  show,
})

const minute = 60
const day = 86_400

/** As a ByteQuantifiedSize shows itself: `4 KB (4,096 bytes)`. */
function quantified(value: PolicySetting) {
  if (typeof value !== 'number') return value
  const [size, unit] = (
    [
      [1024 ** 3, 'GB'],
      [1024 ** 2, 'MB'],
      [1024, 'KB'],
    ] as const
  ).find(([least]) => value >= least) ?? [1, 'B']
  return `${Number((value / size).toPrecision(4))} ${unit} (${value.toLocaleString('en-US')} bytes)`
}

/** Every setting with its bounds and what a new policy has (New-MobileDeviceMailboxPolicy). */
export const settings: Readonly<Record<string, Setting>> = {
  ...flags(true, 'AllowBrowser AllowCamera AllowConsumerEmail AllowDesktopSync AllowHTMLEmail AllowInternetSharing'),
  ...flags(true, 'AllowIrDA AllowMobileOTAUpdate AllowNonProvisionableDevices AllowPOPIMAPEmail AllowRemoteDesktop'),
  ...flags(
    true,
    'AllowSimplePassword AllowSMIMESoftCerts AllowStorageCard AllowTextMessaging AllowUnsignedApplications',
  ),
  ...flags(true, 'AllowUnsignedInstallationPackages AllowWiFi AttachmentsEnabled IrmEnabled'),
  ...flags(true, 'AllowApplePushNotifications AllowGooglePushNotifications AllowMicrosoftPushNotifications', online),
  ...flags(false, 'AllowExternalDeviceManagement AlphanumericPasswordRequired DeviceEncryptionEnabled PasswordEnabled'),
  ...flags(false, 'PasswordRecoveryEnabled RequireDeviceEncryption RequireEncryptedSMIMEMessages'),
  ...flags(false, 'RequireManualSyncWhenRoaming RequireSignedSMIMEMessages RequireStorageCardEncryption'),
  ...flags(false, 'UNCAccessEnabled WSSAccessEnabled'),
  AllowBluetooth: choice('BluetoothType', 'Allow', 'HandsfreeOnly', 'Disable'),
  AllowSMIMEEncryptionAlgorithmNegotiation: choice(
    'SMIMEEncryptionAlgorithmNegotiationType',
    'AllowAnyAlgorithmNegotiation',
    'OnlyStrongAlgorithmNegotiation',
    'BlockNegotiation',
  ),
  MaxCalendarAgeFilter: choice('CalendarAgeFilterType', 'All', 'TwoWeeks', 'OneMonth', 'ThreeMonths', 'SixMonths'),
  MaxEmailAgeFilter: choice('EmailAgeFilterType', 'All', 'OneDay', 'ThreeDays', 'OneWeek', 'TwoWeeks', 'OneMonth'),
  RequireEncryptionSMIMEAlgorithm: choice(
    'EncryptionSMIMEAlgorithmType',
    'TripleDES',
    'DES',
    'RC2128bit',
    'RC264bit',
    'RC240bit',
  ),
  RequireSignedSMIMEAlgorithm: choice('SignedSMIMEAlgorithmType', 'SHA1', 'MD5'),
  DevicePolicyRefreshInterval: unlimited(parameter.unlimitedTimeSpan(0, 3650 * day)),
  MaxAttachmentSize: unlimited(parameter.unlimitedSize(2_147_482_624), quantified),
  MaxEmailBodyTruncationSize: unlimited(parameter.unlimitedSize(2_147_483_647)),
  MaxEmailHTMLBodyTruncationSize: unlimited(parameter.unlimitedSize(2_147_483_647)),
  MaxInactivityTimeLock: unlimited(parameter.unlimitedTimeSpan(minute, 60 * minute)),
  MaxPasswordFailedAttempts: unlimited(parameter.unlimitedInt(4, 16)),
  PasswordExpiration: unlimited(parameter.unlimitedTimeSpan(day, 730 * day)),
  MinPasswordComplexCharacters: { parameter: parameter.int(1, 4), type: 'Int32', standard: 1 },
  MinPasswordLength: { parameter: parameter.blankOrInt(1, 16), type: 'Int32', standard: null },
  PasswordHistory: { parameter: parameter.int(0, 50), type: 'Int32', standard: 0 },
  ApprovedApplicationList: { parameter: parameter.multiValued, type: 'Strings', standard: [] },
  UnapprovedInROMApplicationList: { parameter: parameter.multiValued, type: 'Strings', standard: [] },
}

/** Names on the *-ActiveSyncMailboxPolicy cmdlets, where they are others (New-ActiveSyncMailboxPolicy). */
export const legacyNames: Readonly<Record<string, string>> = {
  AllowSimplePassword: 'AllowSimpleDevicePassword',
  AlphanumericPasswordRequired: 'AlphanumericDevicePasswordRequired',
  PasswordEnabled: 'DevicePasswordEnabled',
  PasswordExpiration: 'DevicePasswordExpiration',
  PasswordHistory: 'DevicePasswordHistory',
  MaxPasswordFailedAttempts: 'MaxDevicePasswordFailedAttempts',
  MaxInactivityTimeLock: 'MaxInactivityTimeDeviceLock',
  MinPasswordComplexCharacters: 'MinDevicePasswordComplexCharacters',
  MinPasswordLength: 'MinDevicePasswordLength',
  IsDefault: 'IsDefaultPolicy',
}

export const createPolicy = (name: string, now: number, isDefault = false): Policy => ({
  guid: randomUUID(),
  name,
  isDefault,
  settings: Object.fromEntries(Object.entries(settings).map(([setting, { standard }]) => [setting, standard])),
  created: now,
  changed: now,
})

/** The settings after these changes, which are keyed like `settings`. */
export function changeSettings(old: Policy['settings'], changes: Readonly<Record<string, Change | undefined>>) {
  const next: Record<string, PolicySetting> = { ...old }
  for (const [name, change] of Object.entries(changes)) {
    if (change === undefined) continue
    const before = old[name]
    next[name] = typeof change === 'function' ? change(isList(before) ? before : []) : change
  }
  // Encrypting the card encrypts the device too (Set-MobileDeviceMailboxPolicy, RequireStorageCardEncryption).
  if (changes.RequireStorageCardEncryption === true) next.DeviceEncryptionEnabled = true
  return next
}

const isList = (value: PolicySetting | undefined): value is readonly string[] => Array.isArray(value)
