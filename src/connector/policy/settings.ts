import {
  choice,
  either,
  flag,
  type Generation,
  invertedFlag,
  type Kind,
  kilobytes,
  list,
  number,
  type SettingValue,
  span,
} from './kinds.ts'

/** Configuration Manager's groups of mobile device settings. */
export const groups = ['General', 'Password', 'EmailManagement', 'Security', 'Application'] as const

export type Group = (typeof groups)[number]

/** Values by the names of settings. */
export type Values = Readonly<Record<string, SettingValue>>

/** One mobile device setting: Configuration Manager's name for it, and Exchange's. */
export interface Setting {
  readonly group: Group
  /** As the New-CMExchangeConnector*Setting cmdlets have it. */
  readonly name: string
  readonly aliases?: readonly string[]
  readonly about: string
  /** Of Set-MobileDeviceMailboxPolicy. */
  readonly parameter: string
  /** Of Set-ActiveSyncMailboxPolicy in Exchange 2010, where it is another. */
  readonly parameter2010?: string
  readonly kind: Kind
  /** Exchange's documented default. */
  readonly standard: SettingValue
  readonly standard2010?: SettingValue
  /** What a value does to people who do not expect it; `all` is what the policy has then. */
  readonly hazard?: (value: SettingValue, all: Values) => string | undefined
  /** A change of it always needs two people. */
  readonly critical?: true
  /** Enforcing it needs an Exchange Enterprise CAL. */
  readonly licence?: true
  /** What Outlook for iOS and Android makes of it; otherwise it ignores it. */
  readonly outlook?: string
  /** Where the sources disagree, and what is done. */
  readonly conflict?: string
}

const inGroup = (group: Group, all: readonly Omit<Setting, 'group'>[]): readonly Setting[] =>
  all.map((setting) => ({ ...setting, group }))

/** The largest size that Set-MobileDeviceMailboxPolicy takes: 1 KB less than 2 GB. */
const largest = 2_097_151

const onlyWithPassword = (_: SettingValue, all: Values) =>
  all.PasswordEnabled === false ? 'It has no effect until PasswordEnabled is true.' : undefined

const general = inGroup('General', [
  {
    name: 'AllowInternetShare',
    about: 'Lets the device be a modem for a computer.',
    parameter: 'AllowInternetSharing',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'AllowDesktopSync',
    about: 'Lets the device synchronize with a computer over a cable.',
    parameter: 'AllowDesktopSync',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'AllowNonProvision',
    about: 'Lets devices connect that cannot enforce all of the policy.',
    parameter: 'AllowNonProvisionableDevices',
    kind: flag,
    standard: true,
    standard2010: false,
    critical: true,
    hazard: (value) =>
      value === false ? 'Devices and apps that cannot enforce all of the policy are cut off.' : undefined,
    conflict: 'Exchange 2010 documents the default false, all later versions true; each gets its own.',
  },
  {
    name: 'RefreshHours',
    aliases: ['RefreshInterval'],
    about: 'How often the policy is sent to the device again.',
    parameter: 'DevicePolicyRefreshInterval',
    kind: span('hours', 1, 8760),
    standard: 'Unlimited',
    conflict: 'No source gives limits; an hour to a year is taken.',
  },
])

const password = inGroup('Password', [
  {
    name: 'PasswordEnabled',
    about: 'Requires a password on the device.',
    parameter: 'PasswordEnabled',
    parameter2010: 'DevicePasswordEnabled',
    kind: flag,
    standard: false,
    outlook: 'Outlook mobile heeds it.',
    hazard: (value) =>
      value === false
        ? 'Devices need no password any more, and the other password settings have no effect.'
        : 'Whoever has no password yet must set one before mail comes again.',
  },
  {
    name: 'MinimumPasswordLength',
    about: 'The least number of characters of the password.',
    parameter: 'MinPasswordLength',
    parameter2010: 'MinDevicePasswordLength',
    kind: number(1, 16, 'Blank'),
    standard: 'Blank',
    standard2010: 4,
    outlook: 'Outlook for Android heeds it.',
    hazard: onlyWithPassword,
    conflict: 'Configuration Manager documents 1 to 40; Exchange refuses more than 16.',
  },
  {
    name: 'PasswordExpiration',
    about: 'After how many days the password must be changed.',
    parameter: 'PasswordExpiration',
    parameter2010: 'DevicePasswordExpiration',
    kind: span('days', 1, 730),
    standard: 'Unlimited',
    hazard: onlyWithPassword,
  },
  {
    name: 'PasswordHistory',
    about: 'How many former passwords cannot be used again.',
    parameter: 'PasswordHistory',
    parameter2010: 'DevicePasswordHistory',
    kind: number(0, 50),
    standard: 0,
    hazard: onlyWithPassword,
  },
  {
    name: 'WipeAfterFailedAttempt',
    about: 'After how many wrong passwords the device erases itself.',
    parameter: 'MaxPasswordFailedAttempts',
    parameter2010: 'MaxDevicePasswordFailedAttempts',
    kind: number(4, 16, 'Unlimited'),
    standard: 'Unlimited',
    standard2010: 8,
    critical: true,
    hazard: (value) =>
      value === 'Unlimited'
        ? undefined
        : `A phone erases itself, with everything private on it, after ${value} wrong passwords: also in the hands of a child.`,
    conflict: 'Exchange 2010 documents the default 8, all later versions Unlimited; each gets its own.',
  },
  {
    name: 'MaximumIdleTimeMins',
    aliases: ['MaximumIdleTimeMinutes'],
    about: 'After how many idle minutes the device locks.',
    parameter: 'MaxInactivityTimeLock',
    parameter2010: 'MaxInactivityTimeDeviceLock',
    kind: span('minutes', 1, 60),
    standard: 'Unlimited',
    standard2010: 15,
    hazard: onlyWithPassword,
    conflict: 'Exchange 2010 also takes 30 seconds, for which Configuration Manager has no whole minute.',
  },
  {
    name: 'PasswordComplexity',
    about: 'Whether digits are enough (Pin), or letters are needed as well (Strong).',
    parameter: 'AlphanumericPasswordRequired',
    parameter2010: 'AlphanumericDevicePasswordRequired',
    kind: either('Pin', 'Strong'),
    standard: 'Pin',
    hazard: onlyWithPassword,
  },
  {
    name: 'MinimumComplexChar',
    about: 'How many kinds of characters the password needs.',
    parameter: 'MinPasswordComplexCharacters',
    parameter2010: 'MinDevicePasswordComplexCharacters',
    kind: number(1, 4),
    standard: 1,
    hazard: onlyWithPassword,
    conflict:
      'Configuration Manager and Exchange 2010 count characters that are no letters; later versions count kinds of characters.',
  },
  {
    name: 'AllowSimplePassword',
    about: 'Lets the password be a pattern such as 1111 or 1234.',
    parameter: 'AllowSimplePassword',
    parameter2010: 'AllowSimpleDevicePassword',
    kind: flag,
    standard: true,
    hazard: onlyWithPassword,
  },
  {
    name: 'PasswordRecovery',
    about: 'Keeps a recovery password in Exchange.',
    parameter: 'PasswordRecoveryEnabled',
    kind: flag,
    standard: false,
    hazard: (value) => (value === true ? 'Administrators of Exchange can read the recovery passwords.' : undefined),
  },
])

const emailManagement = inGroup('EmailManagement', [
  {
    name: 'ConsumerEmail',
    about: 'Lets people add private mail accounts to the mail app.',
    parameter: 'AllowConsumerEmail',
    kind: flag,
    standard: true,
    licence: true,
    conflict:
      'Whether Configuration Manager also writes AllowPOPIMAPEmail is not documented; that is left to Exchange.',
  },
  {
    name: 'MaximumEmailAge',
    about: 'How far back mail is synchronized.',
    parameter: 'MaxEmailAgeFilter',
    kind: choice('All', 'OneDay', 'ThreeDays', 'OneWeek', 'TwoWeeks', 'OneMonth'),
    standard: 'All',
    conflict: 'Configuration Manager speaks of how long a device keeps mail, Exchange of how far back it synchronizes.',
  },
  {
    name: 'MaximumCalendarAge',
    aliases: ['MaximumCalenderAge'],
    about: 'How far back the calendar is synchronized.',
    parameter: 'MaxCalendarAgeFilter',
    kind: choice('All', 'TwoWeeks', 'OneMonth', 'ThreeMonths', 'SixMonths'),
    standard: 'All',
    conflict: 'The page for Exchange 2010 lists the values of mail by mistake; the enumeration has these.',
  },
  {
    name: 'PushWhenRoaming',
    about: 'Lets mail be pushed to the device abroad.',
    parameter: 'RequireManualSyncWhenRoaming',
    kind: invertedFlag,
    standard: true,
  },
  {
    name: 'AllowHtmlEmail',
    about: 'Lets mail be in HTML; otherwise it comes as plain text.',
    parameter: 'AllowHTMLEmail',
    kind: flag,
    standard: true,
  },
  {
    name: 'EmailAttachmentPolicy',
    about: 'Lets attachments be downloaded.',
    parameter: 'AttachmentsEnabled',
    kind: flag,
    standard: true,
  },
  {
    name: 'MaximumSizeTextEmail',
    about: 'At which size plain mail is cut off.',
    parameter: 'MaxEmailBodyTruncationSize',
    kind: kilobytes(largest, { in2010: 'KB' }),
    standard: 'Unlimited',
    conflict: 'Exchange 2010 counts it in KB, later versions in bytes; each gets its own unit.',
  },
  {
    name: 'MaximumSizeHtmlEmail',
    about: 'At which size HTML mail is cut off.',
    parameter: 'MaxEmailHTMLBodyTruncationSize',
    kind: kilobytes(largest, { in2010: 'KB' }),
    standard: 'Unlimited',
    conflict: 'Exchange 2010 counts it in KB, later versions in bytes; each gets its own unit.',
  },
  {
    name: 'MaximumSizeAttachment',
    about: 'How large an attachment may be.',
    parameter: 'MaxAttachmentSize',
    kind: kilobytes(largest, { in2010: 'bytes' }),
    standard: 'Unlimited',
  },
])

const security = inGroup('Security', [
  {
    name: 'RemoteDesktop',
    about: 'Lets the device open a remote desktop.',
    parameter: 'AllowRemoteDesktop',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'StorageCard',
    about: 'Lets the device use a storage card.',
    parameter: 'AllowStorageCard',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'Camera',
    about: 'Lets the camera be used.',
    parameter: 'AllowCamera',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'Bluetooth',
    about: 'Lets Bluetooth be used, or for a headset only.',
    parameter: 'AllowBluetooth',
    kind: choice('Disable', 'HandsfreeOnly', 'Allow'),
    standard: 'Allow',
    licence: true,
    outlook: 'Outlook for Android heeds it for watches: Disable ends their synchronization.',
  },
  {
    name: 'WifiConnection',
    about: 'Lets wireless networks be used.',
    parameter: 'AllowWiFi',
    kind: flag,
    standard: true,
    licence: true,
    hazard: (value) => (value === false ? 'Phones without a data contract cannot be reached any more.' : undefined),
    conflict: 'A sample of Configuration Manager passes HandsfreeOnly, its type is a Boolean, as in Exchange.',
  },
  {
    name: 'Infrared',
    aliases: ['Infra'],
    about: 'Lets infrared connections be used.',
    parameter: 'AllowIrDA',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'Browser',
    about: 'Lets Pocket Internet Explorer be used; other browsers are not affected.',
    parameter: 'AllowBrowser',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'StorageCardEncrypt',
    about: 'Requires the storage card to be encrypted.',
    parameter: 'RequireStorageCardEncryption',
    kind: flag,
    standard: false,
    outlook: 'Outlook mobile heeds DeviceEncryptionEnabled, which Exchange switches on with it.',
    hazard: (value) =>
      value === true
        ? 'Exchange switches DeviceEncryptionEnabled on with it, and nothing here switches that off again.'
        : undefined,
  },
  {
    name: 'FileEncrypt',
    about: 'Requires the device to be encrypted.',
    parameter: 'RequireDeviceEncryption',
    kind: flag,
    standard: false,
    conflict:
      'Configuration Manager does not say which parameter it writes; this is the one that the protocol carries (MS-ASPROV 2.2.2.46). DeviceEncryptionEnabled is left to Exchange.',
  },
  {
    name: 'TextMessage',
    about: 'Lets text messages be sent.',
    parameter: 'AllowTextMessaging',
    kind: flag,
    standard: true,
    licence: true,
  },
])

const application = inGroup('Application', [
  {
    name: 'UnsignedInstall',
    about: 'Lets unsigned installation packages run.',
    parameter: 'AllowUnsignedInstallationPackages',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'UnsignedApplication',
    about: 'Lets unsigned applications be installed.',
    parameter: 'AllowUnsignedApplications',
    kind: flag,
    standard: true,
    licence: true,
  },
  {
    name: 'BlockedApplication',
    about: 'Applications of the device that cannot run.',
    parameter: 'UnapprovedInROMApplicationList',
    kind: list(100),
    standard: [],
    licence: true,
    conflict:
      'Configuration Manager says that an application is blocked; Exchange means those that came with the device.',
  },
])

/** Every setting, in Configuration Manager's order: the only truth about them. */
export const settings: readonly Setting[] = [...general, ...password, ...emailManagement, ...security, ...application]

export const settingsOf = (group: Group) => settings.filter((setting) => setting.group === group)

export const parameterOf = ({ parameter, parameter2010 }: Setting, generation: Generation) =>
  generation === '2010' ? (parameter2010 ?? parameter) : parameter

export const standardOf = ({ standard, standard2010 }: Setting, generation: Generation) =>
  generation === '2010' ? (standard2010 ?? standard) : standard
