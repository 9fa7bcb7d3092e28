import type { Version } from './version.ts'

/** The objects of an Exchange organization. All are immutable: a change puts a new one, so that answers can be kept. */

export type Level = 'Allow' | 'Block' | 'Quarantine'
export type Characteristic = 'DeviceModel' | 'DeviceType' | 'DeviceOS' | 'UserAgent' | 'XMSWLHeader'

/** One kind of wipe; times are milliseconds. */
export interface Wipe {
  readonly requested?: number
  readonly sent?: number
  readonly acknowledged?: number
  readonly requestor?: string
}

/** A partnership of a phone with a mailbox. */
export interface Device {
  readonly guid: string
  /** Guid of the mailbox. */
  readonly mailbox: string
  /** The name of the directory object: `iPhone§ApplDLXJN0ABC123`, `Hx§Outlook§5EEC…`. */
  readonly name: string
  readonly deviceId: string
  readonly type: string
  readonly model?: string | undefined
  readonly os?: string | undefined
  readonly osLanguage?: string | undefined
  readonly userAgent?: string | undefined
  readonly friendlyName?: string | undefined
  readonly imei?: string | undefined
  readonly phone?: string | undefined
  readonly operator?: string | undefined
  readonly clientType: string
  readonly clientVersion: string
  readonly userDisplayName: string
  readonly state: string
  readonly reason: string
  /** Name of the access rule that decided. */
  readonly rule?: string | undefined
  /** The client can enforce every setting of a policy. */
  readonly provisionable: boolean
  readonly remoteWipeSupported: boolean
  /** A wipe has been carried out: the app or phone no longer knows the account. */
  readonly emptied?: true
  readonly created: number
  readonly changed: number
  readonly firstSync?: number | undefined
  readonly lastSync?: number | undefined
  readonly lastAttempt?: number | undefined
  readonly policyApplied?: string | undefined
  readonly policyUpdated?: number | undefined
  readonly wipe: Wipe
  readonly accountWipe: Wipe
}

export interface Mailbox {
  readonly guid: string
  readonly exchangeGuid: string
  /** The Entra object id, in the cloud only. */
  readonly externalId?: string
  /** The name of the directory object, with which device identities begin; in the cloud mostly a Guid. */
  readonly name: string
  readonly alias: string
  readonly displayName: string
  readonly firstName?: string
  readonly lastName?: string
  readonly address: string
  readonly upn: string
  /** Canonical name of the organizational unit: `contoso.com/Staff/Porto`. */
  readonly unit: string
  /** RecipientTypeDetails. */
  readonly kind: string
  readonly accountDisabled: boolean
  readonly activeSync: boolean
  readonly outlookMobile: boolean
  readonly owaForDevices: boolean
  readonly debugLogging: boolean
  readonly suppressReadReceipt: boolean
  /** Guid of a mobile device mailbox policy that was assigned explicitly. */
  readonly policy?: string | undefined
  /** The personal exemptions: device ids. */
  readonly allowed: readonly string[]
  readonly blocked: readonly string[]
  readonly created: number
  readonly changed: number
}

/** A device access rule. */
export interface Rule {
  readonly guid: string
  readonly level: Level
  readonly characteristic: Characteristic
  readonly query: string
  readonly created: number
  readonly changed: number
}

export type PolicySetting = string | number | boolean | null | readonly string[]

/** A mobile device mailbox policy: `settings` by the parameter names of Exchange 2013 and later. */
export interface Policy {
  readonly guid: string
  readonly name: string
  readonly isDefault: boolean
  readonly settings: Readonly<Record<string, PolicySetting>>
  readonly created: number
  readonly changed: number
}

/** The ActiveSync organization settings. */
export interface Settings {
  readonly guid: string
  readonly defaultAccessLevel: Level
  readonly adminMailRecipients: readonly string[]
  readonly userMailInsert: string
  readonly otaNotificationMailInsert: string
  readonly allowAccessForUnSupportedPlatform: boolean
  readonly allowRMSSupportForUnenlightenedApps: boolean
  readonly enableMobileMailboxPolicyWhenCAInplace: boolean
  readonly tenantAdminPreference: number
  readonly created: number
  readonly changed: number
}

/** Who connects: an app registration in the cloud, an account on premises. */
export interface Account {
  readonly clientId: string
  readonly secret: string
  readonly user: string
  readonly password: string
  /** PEM of the certificate that is registered for client assertions. */
  readonly certificate?: string | undefined
  /** Whether the application permission Exchange.ManageAsApp is consented; without it every call is a 401. */
  readonly manageAsApp: boolean
  /** Role groups, roles and cmdlets, as rights.ts reads them; absent means everything. */
  readonly rights?: readonly string[] | undefined
}

export interface Organization {
  readonly name: string
  readonly kind: 'online' | 'onPremises'
  version: Version
  /** Entra tenant id in the cloud, the organization's Guid on premises. */
  readonly tenant: string
  readonly domain: string
  /** The `*.onmicrosoft.com` name. */
  readonly initialDomain: string
  /** Canonical name of the unit that holds everybody, where nobody has one of their own. */
  readonly unit: string
  account: Account
  settings: Settings
  readonly policies: Map<string, Policy>
  readonly rules: Map<string, Rule>
  readonly mailboxes: ReadonlyMap<string, Mailbox>
  readonly devices: ReadonlyMap<string, Device>
  /** A host to which the bootstrap request redirects, as regional hosts do. */
  regionalHost?: string | undefined
  putMailbox(mailbox: Mailbox): void
  putDevice(device: Device): void
  /** Removes a partnership; the phone keeps the account and may come back. */
  removeDevice(device: Device): void
  findMailbox(identity: string): Mailbox | undefined
  isTaken(alias: string): boolean
  findDevice(identity: string): Device | undefined
  devicesOf(mailbox: Mailbox): readonly Device[]
  /** Phones that have this id, by partnership; those whose partnership was removed come last. */
  phones(deviceId: string): readonly Device[]
}
