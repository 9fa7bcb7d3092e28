import { evaluateAccess, isOutlook, policyOf } from '../contact.ts'
import type { Device, Mailbox, Organization } from '../model.ts'
import { online } from '../version.ts'
import { createMailbox, somebody } from './people.ts'
import { type Client, partnershipName, someClient, someDeviceId } from './phones.ts'
import type { Random } from './random.ts'

const hour = 3_600_000
const day = 24 * hour

/** Exchange Online refuses ActiveSync below 16.1 from here on (MC1197103), so such partnerships ended before. */
const legacyEnd = Date.UTC(2026, 2, 1)

const languages = ['en', 'en-GB', 'sv', 'pt', 'ja', 'hi', 'fr', 'ar', 'pl', 'uk', 'vi', 'es', 'zh-Hans', 'de']
const operators = ['Telia', 'Vodafone', 'Orange', 'MTN', 'docomo', 'Jio', 'T-Mobile', 'Movistar', '中国移动']

const none: Device['wipe'] = {}

/** A partnership as it stands after its last synchronization, assessed by the organization's rules. */
export function createDevice(
  organization: Organization,
  mailbox: Mailbox,
  client: Client,
  about: Pick<Device, 'deviceId'> & Partial<Device> & { readonly created: number },
  random: Random,
): Device {
  const device: Device = {
    guid: random.guid(),
    mailbox: mailbox.guid,
    name: partnershipName(client, about.deviceId),
    ...client,
    userDisplayName: mailbox.displayName,
    state: 'Unknown',
    reason: 'Unknown',
    remoteWipeSupported: true,
    changed: about.created,
    firstSync: about.created,
    policyApplied: policyOf(organization, mailbox)?.name,
    policyUpdated: about.lastSync,
    lastAttempt: about.lastSync,
    wipe: none,
    accountWipe: none,
    ...about,
  }
  return { ...device, ...evaluateAccess(organization, mailbox, device) }
}

/** Most phones spoke to Exchange within hours, some have been silent for months. */
function someAge({ chance }: Random) {
  const at = chance()
  if (at < 0.72) return chance() * 12 * hour
  if (at < 0.88) return chance() * 30 * day
  return 30 * day + chance() * 700 * day
}

function someDevice(
  organization: Organization,
  mailbox: Mailbox,
  random: Random,
  now: number,
  age: 'fresh' | 'grown',
): Device {
  const { chance, letters, pick } = random
  const client = someClient(random)
  const refused = online(organization) && client.clientType === 'EAS' && client.clientVersion === '14.1'
  const grown = Math.floor(Math.min(now, refused ? legacyEnd : now) - someAge(random))
  const lastSync = age === 'fresh' ? now : grown
  const created = age === 'fresh' ? now : Math.floor(grown - chance() * 900 * day)
  const phone = chance() < 0.2 ? `+${letters('123456789', 1)}${letters('0123456789', 10)}` : undefined
  const imei = !isOutlook(client) && chance() < 0.05 ? letters('0123456789', 15) : undefined
  const external = online(organization) && chance() < 0.02 ? { state: 'Allowed', reason: 'ExternallyManaged' } : {}
  return createDevice(
    organization,
    mailbox,
    client,
    {
      deviceId: someDeviceId(client, random),
      created,
      lastSync,
      osLanguage: pick(languages),
      operator: chance() < 0.15 ? pick(operators) : undefined,
      phone,
      imei,
      ...external,
    },
    random,
  )
}

/** Adds people with phones until the organization has so many devices; three of four people have one phone. */
export function populate(
  organization: Organization,
  devices: number,
  random: Random,
  now: number,
  age: 'fresh' | 'grown' = 'grown',
) {
  while (organization.devices.size < devices) {
    const mailbox = createMailbox(
      somebody(random, organization.isTaken),
      organization,
      random,
      now - Math.floor(random.chance() * 2000) * day,
    )
    organization.putMailbox(mailbox)
    const at = random.chance()
    const phones = at < 0.75 ? 1 : at < 0.95 ? 2 : 3
    for (let number = 0; number < phones && organization.devices.size < devices; number += 1)
      organization.putDevice(someDevice(organization, mailbox, random, now, age))
  }
}
