import { randomUUID } from 'node:crypto'
import {
  accessLevel,
  characteristic,
  organizationColumns,
  ruleColumns,
  serverColumns,
  settingsColumns,
} from '../columns/configuration.ts'
import { assessAll, ruleName } from '../contact.ts'
import { CmdletError } from '../errors.ts'
import type { Organization, Settings } from '../model.ts'
import { roles } from '../rights.ts'
import { type Columns, table, text as textColumn } from '../values.ts'
import { online, onPremises, since } from '../version.ts'
import { type Cmdlet, defineCmdlet, found, unchanged } from './cmdlet.ts'
import { anyIdentity, bool, clearable, flag, identity, insert, int, member, multiValued, text } from './parameters.ts'

const getOrganizationConfig = defineCmdlet({
  name: 'Get-OrganizationConfig',
  parameters: {},
  run: (_, { organization }) => ({ table: table(organizationColumns(organization), [organization]) }),
})

const getSettings = defineCmdlet({
  name: 'Get-ActiveSyncOrganizationSettings',
  parameters: { Identity: anyIdentity.optional() },
  run: (_, { organization }) => ({ table: table(settingsColumns(organization), [organization.settings]) }),
})

const setSettings = defineCmdlet({
  name: 'Set-ActiveSyncOrganizationSettings',
  parameters: {
    Identity: anyIdentity.optional(),
    DefaultAccessLevel: member(accessLevel).optional(),
    AdminMailRecipients: multiValued.optional(),
    UserMailInsert: insert(256).optional(),
    OtaNotificationMailInsert: insert(256).optional(),
    AllowAccessForUnSupportedPlatform: bool.optional(),
    AllowRMSSupportForUnenlightenedApps: bool.optional(),
    EnableMobileMailboxPolicyWhenCAInplace: bool.optional(),
    TenantAdminPreference: int(0, 2_147_483_647).optional(),
  },
  only: {
    AllowRMSSupportForUnenlightenedApps: since(2013),
    EnableMobileMailboxPolicyWhenCAInplace: online,
    TenantAdminPreference: online,
  },
  run:
    (given, { organization, now }) =>
    () => {
      const old = organization.settings
      const next: Settings = {
        ...old,
        defaultAccessLevel: given.DefaultAccessLevel ?? old.defaultAccessLevel,
        adminMailRecipients: given.AdminMailRecipients?.(old.adminMailRecipients) ?? old.adminMailRecipients,
        userMailInsert: given.UserMailInsert ?? old.userMailInsert,
        otaNotificationMailInsert: given.OtaNotificationMailInsert ?? old.otaNotificationMailInsert,
        allowAccessForUnSupportedPlatform:
          given.AllowAccessForUnSupportedPlatform ?? old.allowAccessForUnSupportedPlatform,
        allowRMSSupportForUnenlightenedApps:
          given.AllowRMSSupportForUnenlightenedApps ?? old.allowRMSSupportForUnenlightenedApps,
        enableMobileMailboxPolicyWhenCAInplace:
          given.EnableMobileMailboxPolicyWhenCAInplace ?? old.enableMobileMailboxPolicyWhenCAInplace,
        tenantAdminPreference: given.TenantAdminPreference ?? old.tenantAdminPreference,
      }
      if (JSON.stringify(next) === JSON.stringify(old)) return unchanged('Mobile Mailbox Settings')
      organization.settings = { ...next, changed: now }
      // "This immediately affects all currently connected mobile devices" (Set-ActiveSyncOrganizationSettings).
      if (next.defaultAccessLevel !== old.defaultAccessLevel && next.defaultAccessLevel !== 'Allow')
        assessAll(organization, now)
      return undefined
    },
})

const findRule = (organization: Organization, wanted: string) =>
  found(
    [...organization.rules.values()].find((rule) =>
      [rule.guid, ruleName(rule).toLowerCase()].includes(wanted.toLowerCase()),
    ),
    wanted,
    organization,
  )

const getRule = defineCmdlet({
  name: 'Get-ActiveSyncDeviceAccessRule',
  parameters: { Identity: anyIdentity.optional() },
  run({ Identity }, { organization }) {
    const rules = Identity ? [findRule(organization, Identity)] : [...organization.rules.values()]
    return { table: table(ruleColumns(organization), rules) }
  },
})

const newRule = defineCmdlet({
  name: 'New-ActiveSyncDeviceAccessRule',
  parameters: { AccessLevel: member(accessLevel), Characteristic: member(characteristic), QueryString: text },
  run({ AccessLevel, Characteristic, QueryString }, { organization, now }) {
    const rule = {
      guid: randomUUID(),
      level: AccessLevel,
      characteristic: Characteristic,
      query: QueryString,
      created: now,
      changed: now,
    }
    const name = ruleName(rule)
    if ([...organization.rules.values()].some((other) => ruleName(other).toLowerCase() === name.toLowerCase()))
      throw new CmdletError('refused', `The device access rule '${name}' already exists.`, {
        type: 'Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException',
      })
    return () => {
      organization.rules.set(rule.guid, rule)
      return { table: table(ruleColumns(organization), [rule]) }
    }
  },
})

const setRule = defineCmdlet({
  name: 'Set-ActiveSyncDeviceAccessRule',
  parameters: { Identity: identity, AccessLevel: member(accessLevel).optional() },
  run({ Identity, AccessLevel }, { organization, now }) {
    const rule = findRule(organization, Identity)
    return () => {
      if (AccessLevel === undefined || AccessLevel === rule.level) return unchanged(ruleName(rule))
      organization.rules.set(rule.guid, { ...rule, level: AccessLevel, changed: now })
      return undefined
    }
  },
})

const removeRule = defineCmdlet({
  name: 'Remove-ActiveSyncDeviceAccessRule',
  parameters: { Identity: identity },
  pause: (subject) =>
    `Are you sure you want to perform this action? Removing ActiveSync device access rule "${subject}".`,
  run({ Identity }, { organization }) {
    const rule = findRule(organization, Identity)
    return () => {
      organization.rules.delete(rule.guid)
      return undefined
    }
  },
})

/** Two servers, so that one of them can be out of reach. */
const servers = (organization: Organization) =>
  ['EX01', 'EX02'].map((name, number) => ({
    guid: `${organization.tenant.slice(0, -1)}${number}`,
    name,
    created: organization.settings.created,
    changed: organization.settings.created,
  }))

const getServer = defineCmdlet({
  name: 'Get-ExchangeServer',
  where: onPremises,
  parameters: { Identity: anyIdentity.optional(), Status: flag.optional() },
  run({ Identity }, { organization }) {
    const all = servers(organization)
    const wanted = Identity
      ? [
          found(
            all.find(({ name }) => name.toLowerCase() === Identity.toLowerCase().split('.')[0]),
            Identity,
            organization,
          ),
        ]
      : all
    return { table: table(serverColumns(organization), wanted) }
  },
})

/** Widens the session to the whole forest; here one domain is all there is. */
const setServerSettings = defineCmdlet({
  name: 'Set-ADServerSettings',
  where: onPremises,
  parameters: {
    ViewEntireForest: bool.optional(),
    PreferredServer: text.optional(),
    PreferredGlobalCatalog: text.optional(),
    ConfigurationDomainController: text.optional(),
    RecipientViewRoot: clearable.optional(),
  },
  run: () => () => undefined,
})

const roleEntries = Object.entries(roles).flatMap(([role, names]) => names.map((name) => ({ role, name })))

const roleEntryColumns: Columns<(typeof roleEntries)[number]> = {
  Name: textColumn(({ name }) => name),
  Role: textColumn(({ role }) => role),
  Type: textColumn(() => 'Cmdlet'),
  PSSnapinName: textColumn(() => 'Microsoft.Exchange.Management.PowerShell.E2010'),
  Identity: textColumn(({ role, name }) => `${role}\\${name}`),
}

/** Which roles hold a cmdlet: `*\Clear-MobileDevice`. */
const getRoleEntry = defineCmdlet({
  name: 'Get-ManagementRoleEntry',
  parameters: { Identity: identity },
  run({ Identity }) {
    const [role = '*', name = '*'] = Identity.toLowerCase().split('\\')
    const fits = (wanted: string, text: string) => wanted === '*' || wanted === text.toLowerCase()
    return {
      table: table(
        roleEntryColumns,
        roleEntries.filter((entry) => fits(role, entry.role) && fits(name, entry.name)),
      ),
    }
  },
})

export const configurationCmdlets: readonly Cmdlet[] = [
  getOrganizationConfig,
  getSettings,
  setSettings,
  getRule,
  newRule,
  setRule,
  removeRule,
  getServer,
  setServerSettings,
  getRoleEntry,
]
