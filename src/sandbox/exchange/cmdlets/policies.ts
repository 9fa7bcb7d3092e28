import type { z } from 'zod'
import { policyColumns } from '../columns/configuration.ts'
import { CmdletError } from '../errors.ts'
import type { Organization, Policy } from '../model.ts'
import { type Change, changeSettings, createPolicy, legacyNames, settings } from '../policy.ts'
import { table } from '../values.ts'
import { since } from '../version.ts'
import { type Cmdlet, defineCmdlet, found, named, unchanged } from './cmdlet.ts'
import { anyIdentity, bool, flag, identity, text } from './parameters.ts'

type Parameters = Readonly<Record<string, z.ZodType<Change | undefined>>>

/** The cmdlets of policies under one set of names: those of Exchange 2013 and later, or those of 2010. */
function policyCmdletsOf(noun: string, legacy: boolean): readonly Cmdlet[] {
  const where = legacy ? () => true : since(2013)
  const nameOf = (setting: string) => (legacy ? (legacyNames[setting] ?? setting) : setting)
  const isDefault = nameOf('IsDefault')
  const parameters: Parameters = {
    ...Object.fromEntries(
      Object.entries(settings).map(([name, { parameter }]) => [nameOf(name), parameter.optional()]),
    ),
    [isDefault]: bool.optional(),
  }
  const creating: Parameters = { ...parameters, Name: text }
  const setting: Parameters = { ...parameters, Identity: identity, Name: text.optional() }
  const only = Object.fromEntries(Object.entries(settings).map(([name, { where: there }]) => [nameOf(name), there]))

  const changesIn = (given: Readonly<Record<string, Change | undefined>>) =>
    Object.fromEntries(Object.keys(settings).map((name) => [name, given[nameOf(name)]]))

  const find = (organization: Organization, wanted: string) =>
    found(named(organization.policies, wanted), wanted, organization)
  const show = (organization: Organization, policies: readonly Policy[]) => ({
    table: table(policyColumns(organization, legacy), policies),
  })

  function put(organization: Organization, policy: Policy, now: number) {
    if (policy.isDefault)
      for (const other of organization.policies.values())
        if (other.isDefault && other.guid !== policy.guid)
          organization.policies.set(other.guid, { ...other, isDefault: false, changed: now })
    organization.policies.set(policy.guid, policy)
  }

  return [
    defineCmdlet({
      name: `Get-${noun}`,
      where,
      parameters: { Identity: anyIdentity.optional() },
      run: ({ Identity }, { organization }) =>
        show(organization, Identity ? [find(organization, Identity)] : [...organization.policies.values()]),
    }),

    defineCmdlet({
      name: `New-${noun}`,
      where,
      parameters: creating,
      only,
      run(given, { organization, now }) {
        const name = String(given.Name)
        if (named(organization.policies, name))
          throw new CmdletError('refused', `The mobile device mailbox policy '${name}' already exists.`, {
            type: 'Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException',
          })
        return () => {
          const standard = createPolicy(name, now, given[isDefault] === true)
          const policy = { ...standard, settings: changeSettings(standard.settings, changesIn(given)) }
          put(organization, policy, now)
          return show(organization, [policy])
        }
      },
    }),

    defineCmdlet({
      name: `Set-${noun}`,
      where,
      parameters: setting,
      only,
      run(given, { organization, now }) {
        const old = find(organization, String(given.Identity))
        if (given[isDefault] === false && old.isDefault)
          throw new CmdletError(
            'refused',
            `'${old.name}' is the default policy; make another policy the default instead.`,
          )
        return () => {
          const next = {
            ...old,
            name: String(given.Name ?? old.name),
            isDefault: old.isDefault || given[isDefault] === true,
            settings: changeSettings(old.settings, changesIn(given)),
          }
          if (JSON.stringify(next) === JSON.stringify(old)) return unchanged(old.name)
          put(organization, { ...next, changed: now }, now)
          return undefined
        }
      },
    }),

    defineCmdlet({
      name: `Remove-${noun}`,
      where,
      parameters: { Identity: identity, Force: flag.optional() },
      pause: (subject) =>
        `Are you sure you want to perform this action? Removing mobile device mailbox policy "${subject}".`,
      run({ Identity }, { organization }) {
        const policy = find(organization, Identity)
        if (policy.isDefault || [...organization.mailboxes.values()].some((mailbox) => mailbox.policy === policy.guid))
          throw new CmdletError(
            'refused',
            `The mobile device mailbox policy '${policy.name}' can't be removed because it's in use.`,
          )
        return () => {
          organization.policies.delete(policy.guid)
          return undefined
        }
      },
    }),
  ]
}

export const policyCmdlets: readonly Cmdlet[] = [
  ...policyCmdletsOf('MobileDeviceMailboxPolicy', false),
  ...policyCmdletsOf('ActiveSyncMailboxPolicy', true),
]
