import { randomUUID } from 'node:crypto'
import type { Device, Mailbox, Organization, Policy } from './model.ts'
import type { Version } from './version.ts'

export interface Founding {
  readonly name: string
  readonly kind: Organization['kind']
  readonly version: Version
  readonly tenant?: string | undefined
  readonly rights?: readonly string[] | undefined
  readonly certificate?: string | undefined
  /** Its first default policy. */
  readonly policy: Policy
  readonly now: number
}

const isGuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)

const distinguished = /^cn=(?<device>[^,]+),cn=exchangeactivesyncdevices,cn=(?<mailbox>[^,]+),/
const path = /^(?:.*\/)?(?<mailbox>[^/\\]+)[\\/]exchangeactivesyncdevices[\\/](?<device>.+)$/

/** Mailbox and device name out of a distinguished name, or an Identity: with `\` in the cloud, `/` on premises. */
const partsOf = (identity: string) => (identity.match(distinguished) ?? identity.match(path))?.groups

/** An organization without people yet: its objects, and the ways in which identities find them. */
export function createOrganization(founding: Founding): Organization {
  const { name, kind, now } = founding
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, '') || 'organization'
  const domain = `${label}.com`
  const initialDomain = `${label}.onmicrosoft.com`
  const mailboxes = new Map<string, Mailbox>()
  const mailboxByKey = new Map<string, string>()
  const devices = new Map<string, Device>()
  const devicesByMailbox = new Map<string, readonly string[]>()
  const departed = new Map<string, Device>()
  const phoneKey = (device: Device) => `${device.mailbox} ${device.name}`

  const devicesOf = (mailbox: Mailbox) =>
    (devicesByMailbox.get(mailbox.guid) ?? []).flatMap((guid) => devices.get(guid) ?? [])

  const byKey = (key: string) => mailboxes.get(key) ?? mailboxes.get(mailboxByKey.get(key) ?? '')

  /** By what is indexed where that will do, else by looking at everybody. */
  function findMailbox(identity: string) {
    const wanted = identity.trim().toLowerCase()
    const inTree = wanted.match(/^cn=([^,]+),/)?.[1] ?? wanted.match(/\/([^/]+)$/)?.[1]
    const known = byKey(inTree ?? wanted)
    if (known || inTree !== undefined) return known
    const names = (mailbox: Mailbox) => [mailbox.address, mailbox.upn, mailbox.exchangeGuid, mailbox.displayName]
    const fits = (mailbox: Mailbox) => names(mailbox).some((name) => name.toLowerCase() === wanted)
    const likely = byKey(wanted.replace(/@.*/, ''))
    return likely && fits(likely) ? likely : [...mailboxes.values()].find(fits)
  }

  return {
    name,
    kind,
    version: founding.version,
    tenant: founding.tenant ?? randomUUID(),
    domain,
    initialDomain,
    unit:
      kind === 'online'
        ? `EURPR04A002.prod.outlook.com/Microsoft Exchange Hosted Organizations/${initialDomain}`
        : `${domain}/Staff`,
    account: {
      clientId: randomUUID(),
      secret: randomUUID(),
      user: `${label.toUpperCase()}\\svc-devices`,
      password: randomUUID(),
      certificate: founding.certificate,
      manageAsApp: true,
      rights: founding.rights,
    },
    settings: {
      guid: randomUUID(),
      defaultAccessLevel: 'Allow',
      adminMailRecipients: [],
      userMailInsert: '',
      otaNotificationMailInsert: '',
      allowAccessForUnSupportedPlatform: false,
      allowRMSSupportForUnenlightenedApps: false,
      enableMobileMailboxPolicyWhenCAInplace: true,
      tenantAdminPreference: 0,
      created: now,
      changed: now,
    },
    policies: new Map([[founding.policy.guid, founding.policy]]),
    rules: new Map(),
    mailboxes,
    devices,
    devicesOf,
    findMailbox,
    isTaken: (alias) => mailboxByKey.has(alias.toLowerCase()),

    putMailbox(mailbox) {
      mailboxes.set(mailbox.guid, mailbox)
      for (const key of [mailbox.alias, mailbox.name, mailbox.externalId])
        if (key !== undefined) mailboxByKey.set(key.toLowerCase(), mailbox.guid)
    },

    putDevice(device) {
      if (!devices.has(device.guid))
        devicesByMailbox.set(device.mailbox, [...(devicesByMailbox.get(device.mailbox) ?? []), device.guid])
      devices.set(device.guid, device)
      departed.delete(phoneKey(device))
    },

    removeDevice(device) {
      devices.delete(device.guid)
      const others = (devicesByMailbox.get(device.mailbox) ?? []).filter((guid) => guid !== device.guid)
      devicesByMailbox.set(device.mailbox, others)
      departed.set(phoneKey(device), device)
    },

    findDevice(identity) {
      const wanted = identity.trim().toLowerCase()
      if (isGuid(wanted)) return devices.get(wanted)
      const parts = partsOf(wanted)
      const mailbox = parts?.mailbox === undefined ? undefined : findMailbox(parts.mailbox)
      return mailbox && devicesOf(mailbox).find((device) => device.name.toLowerCase() === parts?.device)
    },

    phones(deviceId) {
      const wanted = deviceId.toLowerCase()
      return [...devices.values(), ...departed.values()].filter((device) => device.deviceId.toLowerCase() === wanted)
    },
  }
}
