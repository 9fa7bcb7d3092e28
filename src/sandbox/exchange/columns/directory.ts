import type { Mailbox, Organization, Policy } from '../model.ts'
import type { Columns } from '../values.ts'
import * as is from '../values.ts'
import { online } from '../version.ts'

const domainComponents = (domain: string) =>
  domain
    .split('.')
    .map((part) => `DC=${part}`)
    .join(',')

/** The forest in which Exchange Online keeps the organization. */
const forest = 'EURPR04A002.PROD.OUTLOOK.COM'

export const configuration = (organization: Organization) =>
  online(organization)
    ? `CN=Configuration,CN=${organization.initialDomain},CN=ConfigurationUnits,${domainComponents(forest)}`
    : `CN=${organization.name},CN=Microsoft Exchange,CN=Services,CN=Configuration,${domainComponents(organization.domain)}`

/** `contoso.com/Staff/Porto` read from the end. */
function distinguishedUnit(unit: string) {
  const [domain = '', ...units] = unit.split('/')
  return [...units.reverse().map((one) => `OU=${one}`), domainComponents(domain)].join(',')
}

export const mailboxDn = (mailbox: Mailbox) => `CN=${mailbox.name},${distinguishedUnit(mailbox.unit)}`

export const mailboxIdentity = (organization: Organization, mailbox: Mailbox) =>
  online(organization) ? mailbox.name : `${mailbox.unit}/${mailbox.name}`

export const policyDn = (organization: Organization, policy: Policy) =>
  `CN=${policy.name},CN=Mobile Mailbox Policies,${configuration(organization)}`

/** What every directory object shows. */
export const directoryObject = <T extends { guid: string; created: number; changed: number }>(
  organization: Organization,
  about: { name: (object: T) => string; dn: (object: T) => string; identity?: (object: T) => string; class: string },
): Columns<T> => ({
  AdminDisplayName: is.text(() => ''),
  ExchangeVersion: is.text(() => '0.10 (14.0.100.0)'),
  Name: is.text(about.name),
  DistinguishedName: is.text(about.dn),
  Identity: is.id(about.identity ?? about.name),
  Id: is.id(about.identity ?? about.name),
  Guid: is.guid((object) => object.guid),
  ...(online(organization) && { ExchangeObjectId: is.guid<T>((object) => object.guid) }),
  ObjectClass: is.texts(() => ['top', about.class]),
  WhenChanged: is.date((object) => object.changed),
  WhenCreated: is.date((object) => object.created),
  WhenChangedUTC: is.date((object) => object.changed),
  WhenCreatedUTC: is.date((object) => object.created),
  OrganizationId: is.text(() =>
    online(organization) ? `${forest}/Microsoft Exchange Hosted Organizations/${organization.initialDomain}` : '',
  ),
  OriginatingServer: is.text(() => (online(organization) ? `AM0${forest}` : `dc01.${organization.domain}`)),
  IsValid: is.bool(() => true),
  ObjectState: is.text(() => 'Unchanged'),
})
