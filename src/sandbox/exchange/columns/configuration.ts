import { defaultPolicy, ruleName } from '../contact.ts'
import type { Organization, Policy, Rule, Settings } from '../model.ts'
import { legacyNames, settings as policySettings } from '../policy.ts'
import type { Columns } from '../values.ts'
import * as is from '../values.ts'
import { before, displayVersion, online, since } from '../version.ts'
import { configuration, directoryObject, policyDn } from './directory.ts'

export const accessLevel = {
  name: 'Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessLevel',
  values: { Allow: 0, Block: 1, Quarantine: 2 },
} as const

export const characteristic = {
  name: 'Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessCharacteristic',
  values: { DeviceType: 0, DeviceModel: 1, DeviceOS: 2, UserAgent: 3, XMSWLHeader: 4 },
} as const

export const policyColumns = (organization: Organization, legacy: boolean): Columns<Policy> => {
  const named = (name: string) => (legacy ? (legacyNames[name] ?? name) : name)
  const shown = Object.entries(policySettings).filter(([, { where }]) => where?.(organization) ?? true)
  return {
    ...Object.fromEntries(
      shown.map(([name, { type, show }]) => [
        named(name),
        {
          type,
          of: (policy: Policy) => {
            const value = policy.settings[name] ?? null
            return show && value !== null ? show(value) : value
          },
        },
      ]),
    ),
    [named('IsDefault')]: is.bool((policy) => policy.isDefault),
    ...directoryObject<Policy>(organization, {
      name: (policy) => policy.name,
      dn: (policy) => policyDn(organization, policy),
      class: 'msExchMobileMailboxSettings',
    }),
  }
}

export const settingsColumns = (organization: Organization): Columns<Settings> => ({
  DefaultAccessLevel: is.member(accessLevel)((settings) => settings.defaultAccessLevel),
  UserMailInsert: is.text((settings) => settings.userMailInsert),
  OtaNotificationMailInsert: is.text((settings) => settings.otaNotificationMailInsert),
  AdminMailRecipients: is.texts((settings) => settings.adminMailRecipients),
  AllowAccessForUnSupportedPlatform: is.bool((settings) => settings.allowAccessForUnSupportedPlatform),
  ...(since(2013)(organization) && {
    AllowRMSSupportForUnenlightenedApps: is.bool<Settings>((settings) => settings.allowRMSSupportForUnenlightenedApps),
  }),
  ...(online(organization) && {
    EnableMobileMailboxPolicyWhenCAInplace: is.bool<Settings>(
      (settings) => settings.enableMobileMailboxPolicyWhenCAInplace,
    ),
    TenantAdminPreference: is.int<Settings>((settings) => settings.tenantAdminPreference),
  }),
  ...directoryObject<Settings>(organization, {
    name: () => 'Mobile Mailbox Settings',
    dn: () => `CN=Mobile Mailbox Settings,${configuration(organization)}`,
    class: 'msExchMobileMailboxSettings',
  }),
})

export const ruleColumns = (organization: Organization): Columns<Rule> => ({
  QueryString: is.text((rule) => rule.query),
  Characteristic: is.member(characteristic)((rule) => rule.characteristic),
  AccessLevel: is.member(accessLevel)((rule) => rule.level),
  ...directoryObject<Rule>(organization, {
    name: ruleName,
    dn: (rule) => `CN=${ruleName(rule)},CN=Mobile Mailbox Settings,${configuration(organization)}`,
    class: 'msExchDeviceAccessRule',
  }),
})

/** A type and model of device that the organization has seen. */
export interface DeviceClass {
  readonly guid: string
  readonly type: string
  readonly model: string
  readonly created: number
  readonly changed: number
}

export const deviceClassColumns = (organization: Organization): Columns<DeviceClass> => ({
  DeviceType: is.text((seen) => seen.type),
  DeviceModel: is.text((seen) => seen.model),
  LastUpdateTime: is.date((seen) => seen.changed),
  ...directoryObject<DeviceClass>(organization, {
    name: (seen) => `${seen.type}§${seen.model}`,
    dn: (seen) => `CN=${seen.type}§${seen.model},CN=ExchangeDeviceClasses,${configuration(organization)}`,
    class: 'msExchActiveSyncDevice',
  }),
})

export const organizationColumns = (organization: Organization): Columns<Organization> => ({
  DisplayName: is.text(() => organization.name),
  DefaultMobileMailboxPolicy: is.text(() => defaultPolicy(organization)?.name),
  ...(online(organization) && {
    AdminDisplayVersion: is.text<Organization>(
      () =>
        `0.20 (${organization.version.major}.${organization.version.minor}.${organization.version.build}.${organization.version.revision})`,
    ),
  }),
  ...directoryObject<Organization & { guid: string; created: number; changed: number }>(organization, {
    name: () => (online(organization) ? organization.initialDomain : organization.name),
    dn: () => configuration(organization),
    class: 'msExchOrganizationContainer',
  }),
})

/** A server on premises. */
export interface Server {
  readonly guid: string
  readonly name: string
  readonly created: number
  readonly changed: number
}

export const serverColumns = (organization: Organization): Columns<Server> => ({
  Fqdn: is.text((server) => `${server.name.toLowerCase()}.${organization.domain}`),
  Domain: is.text(() => organization.domain),
  Edition: is.text(() => 'Enterprise'),
  ServerRole: is.text(() => (before(2016)(organization) ? 'Mailbox, ClientAccess' : 'Mailbox')),
  Site: is.id(() => `${organization.domain}/Configuration/Sites/Default-First-Site-Name`),
  AdminDisplayVersion: is.text(() => displayVersion(organization.version)),
  IsClientAccessServer: is.bool(() => true),
  IsMailboxServer: is.bool(() => true),
  ...directoryObject<Server>(organization, {
    name: (server) => server.name,
    dn: (server) =>
      `CN=${server.name},CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,${configuration(organization)}`,
    class: 'msExchExchangeServer',
  }),
})
