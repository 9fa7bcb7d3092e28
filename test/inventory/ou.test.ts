import assert from 'node:assert/strict'
import { unitOf } from '../../src/inventory/ou.ts'

describe('inventory: the organizational unit of a mailbox', () => {
  const names = [
    ['CN=Adele Vance,OU=Sales,OU=Users,DC=contoso,DC=com', 'contoso.com/Users/Sales'],
    ['CN=Vance\\, Adele,CN=Users,DC=contoso,DC=com', 'contoso.com/Users'],
    ['CN=a,OU=R\\26D\\, B\\C3\\BCro,DC=contoso,DC=com', 'contoso.com/R&D, Büro'],
    ['CN=a,DC=contoso,DC=com', 'contoso.com'],
    ['nonsense', ''],
  ] as const
  for (const [name, unit] of names) it(`is ${unit || 'nothing'} for ${name}`, () => assert.equal(unitOf(name), unit))
})
