import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Device, Mailbox, Organization, Rule } from '../model.ts'
import { createOrganization } from '../organization.ts'
import { createPolicy } from '../policy.ts'
import { products } from '../version.ts'
import { createDevice, populate } from './fleet.ts'
import { createMailbox, type Identity } from './people.ts'
import { android, apple, type Client, oldAndroid, outlook } from './phones.ts'
import { createRandom } from './random.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const PeopleSchema = z.object({
  tenantId: z.string(),
  users: z.array(
    z.object({
      name: z.string(),
      userPrincipleName: z.string(),
      aadObjectId: z.string(),
      givenName: z.string(),
      surname: z.string(),
    }),
  ),
})

/** The demo's tenant and people, from the file that Microsoft's Agents Playground reads. */
async function readPeople() {
  const file = new URL('../../../../.m365agentsplayground.yml', import.meta.url)
  const { tenantId, users } = PeopleSchema.parse(parse(await readFile(file, 'utf8')))
  const people = users.map(
    (user): Identity => ({
      alias: user.userPrincipleName.split('@')[0] ?? user.userPrincipleName,
      displayName: user.name,
      firstName: user.givenName,
      lastName: user.surname,
      externalId: user.aadObjectId,
    }),
  )
  return { tenantId, people }
}

const iPhone = apple('iPhone', 'iPhone16C1', 'iOS 26.1 23B85')
const retiredIPhone = apple('iPhone', 'iPhone9C3', 'iOS 15.8.5 19H394')

/** Names that people really give their phones. Whatever shows them must show them as text. */
const uglyNames = [
  "Zoé's iPhone",
  '美咲のiPhone',
  '📱 Papa 🏄‍♂️',
  'هاتف ليلى',
  '**URGENT** [reset password](https://example.com)',
  '<at>Everyone</at> \u0024{user} {{DATE(now)}}',
  '| work | private |\n# Heading',
  'a\u202Egnp.exe',
]

/** The organization of the demo: 2,000 devices, some of which tests and stories know by name. */
export async function createContoso(now: number): Promise<Organization> {
  const { tenantId, people } = await readPeople()
  const random = createRandom(20_261_123)
  const organization = createOrganization({
    name: 'Contoso',
    kind: 'online',
    version: products.online,
    tenant: tenantId,
    policy: createPolicy('Default', now - 1500 * day, true),
    now: now - 1500 * day,
  })
  const add = (identity: Identity, change: Partial<Mailbox> = {}) => {
    const mailbox = { ...createMailbox(identity, organization, random, now - 1200 * day), ...change }
    organization.putMailbox(mailbox)
    return mailbox
  }
  const give = (mailbox: Mailbox, client: Client, deviceId: string, ago: number, change: Partial<Device> = {}) => {
    const lastSync = now - ago
    const about = { deviceId, created: lastSync - 200 * day, lastSync, osLanguage: 'en', ...change }
    organization.putDevice(createDevice(organization, mailbox, client, about, random))
  }
  for (const [level, characteristic, query] of rules) {
    const guid = random.guid()
    organization.rules.set(guid, {
      guid,
      level,
      characteristic,
      query,
      created: now - 400 * day,
      changed: now - 400 * day,
    })
  }

  for (const [index, person] of people.entries()) {
    const mailbox = add(person)
    if (index < 2) give(mailbox, iPhone, `F17D0${index}N4LTU6QV8B2KCE5M1SGH0P`, (index + 1) * hour)
    else give(mailbox, outlook('iOS 26.1'), `C0FFEE0${index}4D1E4B7A9F3258E6D0B1A7C4`, index * hour)
  }

  const adele = add({ alias: 'adele', displayName: 'Adele Fontaine', firstName: 'Adele', lastName: 'Fontaine' })
  give(adele, iPhone, 'ADELE0N4LTU6QV8B2KCE5M1SGH', 12 * minute, {
    friendlyName: "Adele's iPhone",
    phone: '+351912345678',
  })
  give(adele, outlook('iOS 26.1'), 'ADE1E0000D1E4B7A9F3258E6D0B1A7C4', 25 * minute)
  const bruno = add({ alias: 'bruno', displayName: 'Bruno Okonkwo', firstName: 'Bruno', lastName: 'Okonkwo' })
  give(bruno, android('Pixel 9 Pro', 'Android 16'), 'androidc1842093756', 40 * minute)
  give(bruno, android('Pixel 7', 'Android 14'), 'androidc7730618429', 61 * day)
  const carla = add({ alias: 'carla', displayName: 'Carla Ibáñez', firstName: 'Carla', lastName: 'Ibáñez' })
  give(carla, oldAndroid('Galaxy S10', 'Android 10'), 'androidc2905518347', now - Date.UTC(2026, 1, 27, 9, 30))
  const gwen = add({ alias: 'gwen', displayName: 'Gwen Pemberton', firstName: 'Gwen', lastName: 'Pemberton' })
  give(gwen, retiredIPhone, 'GWEN50N4LTU6QV8B2KCE5M1SGH', 3 * hour, {
    created: now - 3 * hour,
    lastSync: undefined,
    lastAttempt: now - 3 * hour,
  })
  const hugo = add(
    { alias: 'hugo', displayName: 'Hugo Björklund', firstName: 'Hugo', lastName: 'Björklund' },
    { blocked: ['HUG0B0N4LTU6QV8B2KCE5M1SGH'] },
  )
  give(hugo, iPhone, 'HUG0B0N4LTU6QV8B2KCE5M1SGH', 9 * day)
  const reception = add(
    { alias: 'reception', displayName: 'Reception' },
    { kind: 'SharedMailbox', accountDisabled: true },
  )
  give(reception, iPhone, 'RECEPT0N4LTU6QV8B2KCE5M1SG', 34 * day)
  const dmitri = add({ alias: 'dmitri', displayName: 'Dmitri Väisänen', firstName: 'Dmitri', lastName: 'Väisänen' })
  const never = {
    created: now - 20 * day,
    firstSync: undefined,
    lastSync: undefined,
    lastAttempt: undefined,
    policyApplied: undefined,
    policyUpdated: undefined,
  }
  give(dmitri, iPhone, 'DM1TR10N4LTU6QV8B2KCE5M1SG', 20 * day, never)
  const farid = add({ alias: 'farid', displayName: 'Farid Rahimi', firstName: 'Farid', lastName: 'Rahimi' })
  const frontDesk = add({ alias: 'frontdesk', displayName: 'Front Desk Lisbon' })
  for (const mailbox of [farid, frontDesk]) give(mailbox, iPhone, 'SHARED0N4LTU6QV8B2KCE5M1SG', 2 * hour)

  for (const [index, friendlyName] of uglyNames.entries()) {
    const identity = uglyPeople[index] ?? { alias: `ugly${index}`, displayName: friendlyName }
    give(add(identity), iPhone, `UG1Y0${index}N4LTU6QV8B2KCE5M1SGH`, (index + 2) * hour, { friendlyName })
  }
  populate(organization, 2000, random, now)
  return organization
}

const rules: readonly (readonly [Rule['level'], Rule['characteristic'], string])[] = [
  ['Allow', 'DeviceModel', 'Outlook for iOS and Android'],
  ['Quarantine', 'DeviceModel', 'iPhone9C3'],
  ['Quarantine', 'DeviceOS', 'Android 9'],
  ['Block', 'DeviceOS', 'Android 8.1.0'],
]

const uglyPeople: readonly Identity[] = [
  { alias: 'zoe.daubigne', displayName: "Zoé D'Aubigné", firstName: 'Zoé', lastName: "D'Aubigné" },
  { alias: 'misaki.tanaka', displayName: '田中 美咲', firstName: '美咲', lastName: '田中' },
  { alias: 'rosa.quinn', displayName: 'Rosa "🌵" Quinn', firstName: 'Rosa', lastName: 'Quinn' },
  { alias: 'layla.mansour', displayName: 'ليلى منصور', firstName: 'ليلى', lastName: 'منصور' },
  { alias: 'max.power', displayName: '[Max Power](https://example.com)', firstName: 'Max', lastName: 'Power' },
  { alias: 'bobby.tables', displayName: "Robert'); DROP TABLE", firstName: 'Robert', lastName: 'Tables' },
  { alias: 'tick.tock', displayName: '`Tick` *Tock*', firstName: 'Tick', lastName: 'Tock' },
  { alias: 'siobhan.osullivan', displayName: "Siobhán O'Sullivan", firstName: 'Siobhán', lastName: "O'Sullivan" },
]
