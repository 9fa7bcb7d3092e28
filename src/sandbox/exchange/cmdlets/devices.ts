import { deviceClassColumns } from '../columns/configuration.ts'
import { deviceColumns, deviceFilter, deviceIdentity, statisticsColumns } from '../columns/device.ts'
import { isOutlook, isPending } from '../contact.ts'
import { CmdletError } from '../errors.ts'
import type { Device, Organization, Wipe } from '../model.ts'
import { table } from '../values.ts'
import { online, onPremises, since } from '../version.ts'
import { type Cmdlet, type Context, defineCmdlet, found, limited } from './cmdlet.ts'
import { list } from './listing.ts'
import { anyIdentity, flag, identity, multiValued, text } from './parameters.ts'

/** Exchange 2010 knows these cmdlets by their old names only; later products know both. */
const inBothNames = (build: (name: string) => Cmdlet, name: string, old: string) => [build(name), build(old)]

const isLegacy = (name: string) => name.includes('ActiveSyncDevice')
const where = (name: string) => (isLegacy(name) ? () => true : since(2013))

/** Switches that narrow devices to one kind of client. */
const clients = {
  ActiveSync: flag.optional(),
  OWAforDevices: flag.optional(),
  RestApi: flag.optional(),
  UniversalOutlook: flag.optional(),
}
const whereClients = { OWAforDevices: since(2013), RestApi: since(2016), UniversalOutlook: since(2016) }
const clientTypes = [
  ['ActiveSync', 'EAS'],
  ['OWAforDevices', 'MOWA'],
  ['RestApi', 'REST'],
  ['UniversalOutlook', 'UniversalOutlook'],
] as const

type Clients = { readonly [name in keyof typeof clients]?: boolean | undefined }

function ofClients(devices: Iterable<Device>, given: Clients) {
  const wanted: readonly string[] = clientTypes.flatMap(([name, type]) => (given[name] ? [type] : []))
  return wanted.length === 0 ? devices : [...devices].filter((device) => wanted.includes(device.clientType))
}

/** The devices that Identity or Mailbox names; nothing, or an empty identity, names all. */
function wanted(
  organization: Organization,
  { Identity, Mailbox }: { Identity?: string | undefined; Mailbox?: string | undefined },
) {
  if (Identity !== undefined && Mailbox !== undefined)
    throw new CmdletError('parameter', 'Parameter set cannot be resolved using the specified named parameters.')
  if (Mailbox) return organization.devicesOf(found(organization.findMailbox(Mailbox), Mailbox, organization))
  return Identity ? [found(organization.findDevice(Identity), Identity, organization)] : organization.devices.values()
}

const getDevice = (name: string) =>
  defineCmdlet({
    name,
    where: where(name),
    parameters: {
      Identity: anyIdentity.optional(),
      Mailbox: text.optional(),
      Filter: text.optional(),
      OrganizationalUnit: text.optional(),
      Monitoring: flag.optional(),
      ...clients,
      ...limited,
    },
    only: { ...whereClients, Monitoring: onPremises },
    run(given, { organization, called }) {
      const columns = deviceColumns(organization, isLegacy(called))
      const unit = given.OrganizationalUnit?.toLowerCase()
      const all = ofClients(wanted(organization, given), given)
      const devices = unit === undefined ? all : [...all].filter((device) => within(organization, device, unit))
      return list(devices, columns, given, { filterable: deviceFilter(organization), stable: true })
    },
  })

const within = (organization: Organization, device: Device, unit: string) =>
  organization.mailboxes.get(device.mailbox)?.unit.toLowerCase().startsWith(unit) ?? false

const getStatistics = (name: string) =>
  defineCmdlet({
    name,
    where: where(name),
    parameters: {
      Identity: anyIdentity.optional(),
      Mailbox: text.optional(),
      GetMailboxLog: flag.optional(),
      NotificationEmailAddresses: multiValued.optional(),
      ShowRecoveryPassword: flag.optional(),
      UseCustomRouting: flag.optional(),
      ...clients,
    },
    only: { ...whereClients, UseCustomRouting: online },
    run(given, { organization, called }) {
      if (given.Identity === undefined && given.Mailbox === undefined)
        throw new CmdletError(
          'parameter',
          'Cannot process command because of one or more missing mandatory parameters.',
        )
      const devices = [...ofClients(wanted(organization, given), given)]
      return { table: table(statisticsColumns(organization, isLegacy(called)), devices) }
    },
  })

const wipeQuestion = () =>
  'This command will force all the data on the device to be permanently deleted. Do you want to continue?'

const clear = (name: string) =>
  defineCmdlet({
    name,
    where: where(name),
    parameters: {
      Identity: identity,
      AccountOnly: flag.optional(),
      Cancel: flag.optional(),
      NotificationEmailAddresses: multiValued.optional(),
    },
    only: { AccountOnly: since(2016) },
    pause: wipeQuestion,
    run({ Identity, AccountOnly = false, Cancel = false }, { organization, now, requestor }: Context) {
      const device = found(organization.findDevice(Identity), Identity, organization)
      const ordered = { requested: now, requestor }
      if (Cancel)
        return () => {
          const cancelled = (wipe: Wipe) => (isPending(wipe) ? {} : wipe)
          organization.putDevice({
            ...device,
            wipe: cancelled(device.wipe),
            accountWipe: cancelled(device.accountWipe),
          })
          return undefined
        }
      // "If the client doesn't support v16.1, the wipe will fail and an error will be given" (Perform a remote wipe on a
      // mobile phone); the wording of that error is not public.
      if (AccountOnly && !isOutlook(device) && Number(device.clientVersion) < 16.1)
        throw new CmdletError(
          'refused',
          `An account only remote wipe can't be performed on device '${deviceIdentity(organization, device)}' because it uses Exchange ActiveSync version ${device.clientVersion}. Version 16.1 or later is required.`,
        )
      return () => {
        organization.putDevice({ ...device, [AccountOnly ? 'accountWipe' : 'wipe']: ordered })
        return undefined
      }
    },
  })

const remove = (name: string) =>
  defineCmdlet({
    name,
    where: where(name),
    parameters: { Identity: identity },
    pause: (subject) => `Are you sure you want to perform this action? Removing mobile device "${subject}".`,
    run({ Identity }, { organization }) {
      const device = found(organization.findDevice(Identity), Identity, organization)
      return () => {
        organization.removeDevice(device)
        return undefined
      }
    },
  })

const getDeviceClass = defineCmdlet({
  name: 'Get-ActiveSyncDeviceClass',
  parameters: { Identity: anyIdentity.optional(), Filter: text.optional(), SortBy: text.optional() },
  run(given, { organization }) {
    const seen = new Map<string, { guid: string; type: string; model: string; created: number; changed: number }>()
    for (const { type, model = '', guid, created } of organization.devices.values()) {
      const key = `${type}§${model}`
      const before = seen.get(key)
      if (!before) seen.set(key, { guid, type, model, created, changed: created })
      else if (before.changed < created) seen.set(key, { ...before, changed: created })
    }
    const wantedName = given.Identity?.toLowerCase()
    const classes = [...seen].flatMap(([key, one]) => (!wantedName || wantedName === key.toLowerCase() ? [one] : []))
    return list(classes, deviceClassColumns(organization), { ...given, ResultSize: null })
  },
})

export const deviceCmdlets: readonly Cmdlet[] = [
  ...inBothNames(getDevice, 'Get-MobileDevice', 'Get-ActiveSyncDevice'),
  ...inBothNames(getStatistics, 'Get-MobileDeviceStatistics', 'Get-ActiveSyncDeviceStatistics'),
  ...inBothNames(clear, 'Clear-MobileDevice', 'Clear-ActiveSyncDevice'),
  ...inBothNames(remove, 'Remove-MobileDevice', 'Remove-ActiveSyncDevice'),
  getDeviceClass,
]
