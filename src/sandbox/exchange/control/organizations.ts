import { z } from 'zod'
import { wipeStatus } from '../contact.ts'
import { populate } from '../fleet/fleet.ts'
import { createRandom } from '../fleet/random.ts'
import type { Device, Organization } from '../model.ts'
import { createOrganization } from '../organization.ts'
import { createPolicy } from '../policy.ts'
import { displayVersion, products, readVersion } from '../version.ts'

const VersionSchema = z.coerce.string().transform((text, context) => {
  const version = readVersion(text)
  if (version) return version
  context.addIssue('A version is 2010, 2013, 2016, 2019, SE, online or a build such as 15.1.2507.6.')
  return z.NEVER
})

/** Role groups, roles and cmdlets, as rights.ts reads them. */
const RightsSchema = z.union([z.array(z.string()), z.string().transform((right) => [right])])

export const NewOrganizationSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(['online', 'onPremises']).default('online'),
  version: VersionSchema.optional(),
  /** Absent: everything. */
  rights: RightsSchema.optional(),
  tenant: z.guid().optional(),
  /** PEM of the certificate registered for client assertions. */
  certificate: z.string().optional(),
  /** So many made-up devices. */
  devices: z.int().nonnegative().default(0),
})

export const OrganizationChangeSchema = z.strictObject({
  version: VersionSchema.optional(),
  /** `null`: everything. */
  rights: RightsSchema.nullable().optional(),
  secret: z.string().optional(),
  password: z.string().optional(),
  certificate: z.string().optional(),
  manageAsApp: z.boolean().optional(),
  /** Where the bootstrap request redirects: `http://localhost:PORT`. */
  regionalHost: z.string().optional(),
})

/** So many devices of the fleet change, as they do between two synchronizations with it. */
export const FleetChangeSchema = z.strictObject({
  new: z.int().nonnegative().default(0),
  quarantined: z.int().nonnegative().default(0),
  allowed: z.int().nonnegative().default(0),
  updated: z.int().nonnegative().default(0),
  removed: z.int().nonnegative().default(0),
})

export function foundOrganization(about: z.infer<typeof NewOrganizationSchema>, now: number): Organization {
  const { devices, version, ...rest } = about
  const standard = about.kind === 'online' ? products.online : products.se
  const organization = createOrganization({
    ...rest,
    version: version ?? standard,
    policy: createPolicy('Default', now, true),
    now,
  })
  populate(organization, devices, createRandom(devices), now)
  return organization
}

export function changeOrganization(organization: Organization, change: z.infer<typeof OrganizationChangeSchema>) {
  const { version, regionalHost, rights, ...account } = change
  organization.version = version ?? organization.version
  organization.regionalHost = regionalHost ?? organization.regionalHost
  organization.account = {
    ...organization.account,
    ...account,
    rights: rights === undefined ? organization.account.rights : (rights ?? undefined),
  }
}

const newest = 'iOS 26.2 23C55'

export function changeFleet(organization: Organization, change: z.infer<typeof FleetChangeSchema>, now: number) {
  const random = createRandom(organization.devices.size + now)
  const left = new Set(organization.devices.values())
  /** So many of these, spread over the whole fleet, none of them twice. */
  const some = (count: number, test: (device: Device) => boolean) => {
    const fit = [...left].filter(test)
    const step = Math.max(1, Math.floor(fit.length / Math.max(count, 1)))
    const chosen = fit.filter((_, index) => index % step === 0).slice(0, count)
    for (const device of chosen) left.delete(device)
    return chosen
  }
  const put = (device: Device, change: Partial<Device>) =>
    organization.putDevice({ ...device, ...change, changed: now })
  const decided = { reason: 'Global', rule: undefined }
  for (const device of some(change.quarantined, ({ state }) => state === 'Allowed'))
    put(device, { ...decided, state: 'Quarantined' })
  for (const device of some(change.allowed, ({ state }) => state === 'Quarantined'))
    put(device, { ...decided, state: 'Allowed' })
  for (const device of some(change.updated, ({ type, os }) => type === 'iPhone' && os !== newest))
    put(device, { os: newest })
  for (const device of some(change.removed, () => true)) organization.removeDevice(device)
  populate(organization, organization.devices.size + change.new, random, now, 'fresh')
}

/** What is needed to connect to it, which is what a credential file holds, and what there is to see. */
export function describe(organization: Organization, base: string) {
  const { name, kind, version, tenant, account, devices } = organization
  const connection =
    kind === 'online'
      ? { address: base, authority: base, tenant, clientId: account.clientId, secret: account.secret }
      : { address: `${base}/PowerShell/`, user: account.user, password: account.password }
  const states: Record<string, number> = {}
  let wipes = 0
  for (const device of devices.values()) {
    states[device.state] = (states[device.state] ?? 0) + 1
    if (wipeStatus(device) !== 'DeviceOk') wipes += 1
  }
  return { name, kind, version: displayVersion(version), ...connection, devices: devices.size, states, wipes }
}

export type Described = ReturnType<typeof describe>
