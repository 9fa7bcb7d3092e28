/** A type and a value of a distinguished name; a backslash takes the meaning of what follows away (RFC 4514, section 2.4). */
const part = /(?:^|,)\s*([A-Za-z]+)=((?:\\.|[^,\\])*)/gu

const plain = (value: string) =>
  value.replace(/((?:\\[0-9A-Fa-f]{2})+)|\\(.)/gu, (_, octets?: string, sign = '') =>
    octets === undefined ? sign : Buffer.from(octets.replaceAll('\\', ''), 'hex').toString(),
  )

/**
 * Where an object lies, from the top, as Exchange writes an OrganizationalUnit: `contoso.com/Users/Sales` for
 * `CN=Adele Vance,OU=Sales,OU=Users,DC=contoso,DC=com`.
 */
export function unitOf(distinguishedName: string): string {
  const above = [...distinguishedName.matchAll(part)].slice(1)
  const values = (ofDomain: boolean) =>
    above.flatMap(([, type, value = '']) => ((type?.toUpperCase() === 'DC') === ofDomain ? [plain(value)] : []))
  return [values(true).join('.'), ...values(false).reverse()].join('/')
}
