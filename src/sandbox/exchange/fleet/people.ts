import type { Mailbox, Organization } from '../model.ts'
import { online } from '../version.ts'
import { cultures } from './names.ts'
import type { Random } from './random.ts'

export interface Identity {
  readonly alias: string
  readonly displayName: string
  readonly firstName?: string
  readonly lastName?: string
  /** Entra object id. */
  readonly externalId?: string
}

/** Letters as they stand in an address. */
const ascii = (text: string) =>
  text
    .normalize('NFD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase()

const cities = ['Porto', 'Umeå', 'Lagos', 'Osaka', 'Pune', 'Lyon', 'Amman', 'Łódź', 'Galway', 'Lviv', 'Huế', 'Bilbao']

/** Somebody out of one culture; who has the name of somebody else gets a number in the address. */
export function somebody(random: Random, isTaken: (alias: string) => boolean): Identity {
  const { given, family } = random.pick(cultures)
  const [first = '', firstLetters = ascii(first)] = random.pick(given).split('|')
  const [last = '', lastLetters = ascii(last)] = random.pick(family).split('|')
  const plain = `${firstLetters}.${lastLetters}`
  let alias = plain
  for (let most = 10; isTaken(alias); most *= 10) alias = `${plain}${random.below(most)}`
  return { alias, displayName: `${first} ${last}`, firstName: first, lastName: last }
}

const nobody: readonly string[] = []

/** A mailbox with everything switched on. In the cloud its object is mostly named by a Guid, as Exchange does by now. */
export function createMailbox(
  { alias, displayName, externalId, ...names }: Identity,
  organization: Organization,
  random: Random,
  created: number,
): Mailbox {
  const inCloud = online(organization)
  const entraId = externalId ?? random.guid()
  const address = `${alias}@${organization.domain}`
  return {
    guid: random.guid(),
    exchangeGuid: random.guid(),
    ...(inCloud && { externalId: entraId }),
    name: inCloud && random.chance() < 0.9 ? entraId : alias,
    alias,
    displayName,
    ...names,
    address,
    upn: address,
    unit: inCloud ? organization.unit : `${organization.domain}/Staff/${random.pick(cities)}`,
    kind: 'UserMailbox',
    accountDisabled: false,
    activeSync: true,
    outlookMobile: true,
    owaForDevices: true,
    debugLogging: false,
    suppressReadReceipt: false,
    allowed: nobody,
    blocked: nobody,
    created,
    changed: created,
  }
}
