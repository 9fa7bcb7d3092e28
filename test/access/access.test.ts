import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccessOptions, createAccess } from '../../src/access/access.ts'
import { builtInRoles, type Permission, permissions } from '../../src/access/permissions.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { openFileStore } from '../../src/store/files.ts'

const tenant = '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9'
const elsewhere = '11111111-2222-3333-4444-555555555555'
const ann = '0d4c7e52-91ab-4f3e-a6d8-57b2c9e01f34'
const bob = '5a81f3c6-2e70-4d9b-b1c4-8f6e03d7a925'

describe('rights', () => {
  let folder: string
  let cleanUp: (() => Promise<void>)[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'access-'))
  })
  afterEach(async () => {
    for (const clean of cleanUp) await clean()
    cleanUp = []
    await rm(folder, { recursive: true })
  })

  const holder = (id: string) => ({ kind: 'person', id, name: 'Somebody' }) as const

  async function open(options: Partial<AccessOptions> = {}) {
    const store = await openFileStore({ folder, kind: 'demo' })
    const now = () => new Date('2026-11-23T12:00:00Z')
    const inventory = await createInventory({ store, now })
    const device = { connector: 'Contoso', guid: 'g', deviceId: 'D', mailbox: 'm', type: 'iPhone', state: 'Allowed' }
    await inventory.put(device)
    const access = await createAccess({
      store,
      inventory,
      tenant,
      directory: undefined,
      admins: [],
      first: [],
      secondPerson: true,
      restHours: 24,
      now,
      ...options,
    })
    const close = async () => {
      cleanUp = cleanUp.filter((one) => one !== close)
      await store.close()
    }
    cleanUp.push(close)
    return { access, device, close }
  }

  it('are held by nobody where nothing was granted', async () => {
    const { access, device } = await open()
    const rights = await access.rightsOf({ tenant, id: ann })
    assert.deepEqual(rights.grants, [])
    for (const permission of permissions) {
      assert.equal(rights.holds(permission), false)
      assert.deepEqual(rights.reach(permission), [])
      assert.equal(rights.may(device, permission), false)
    }
    assert.equal(rights.holds(), false)
  })

  it('of the environment are those of a Full Administrator, and only in the own tenant', async () => {
    const { access, device } = await open({ admins: [ann] })
    const rights = await access.rightsOf({ tenant, id: ann })
    for (const permission of permissions) assert.ok(rights.may(device, permission), permission)
    assert.ok(rights.rested.holds('Collection.DeleteResource'), 'and they need no rest')
    assert.equal((await access.rightsOf({ tenant, id: bob })).holds('Site.Read'), false)
    assert.equal((await access.rightsOf({ tenant: elsewhere, id: ann })).holds('Site.Read'), false)
  })

  it('that come with the demo are granted in an empty store only', async () => {
    const first = [{ holder: holder(ann), role: 'Helpdesk Operator' }]
    const { access, close } = await open({ first })
    assert.ok((await access.rightsOf({ tenant, id: ann })).holds('Collection.ModifyResource'))
    await close()
    const again = await open({ first: [{ holder: holder(bob), role: 'Full Administrator' }] })
    assert.ok((await again.access.rightsOf({ tenant, id: ann })).holds('Collection.ModifyResource'))
    assert.equal((await again.access.rightsOf({ tenant, id: bob })).holds('Site.Read'), false)
  })

  it('add up over roles, and none takes away', async () => {
    const first = ['Auditor', 'Security Administrator'].map((role) => ({ holder: holder(ann), role }))
    const { access } = await open({ first })
    const rights = await access.rightsOf({ tenant, id: ann })
    for (const permission of ['Audit.Read', 'Security.Read', 'Security.Modify'] as const)
      assert.ok(rights.holds(permission))
    assert.equal(rights.holds('Collection.ReadResource'), false)
    assert.ok(rights.holds('Site.Modify', 'Audit.Read'), 'any of several will do')
  })

  const expected: Record<string, readonly Permission[]> = {
    'Full Administrator': permissions,
    'Operations Administrator': permissions.filter((one) => !one.startsWith('Security.')),
    'Infrastructure Administrator': ['Site.Read', 'Site.Modify', 'Site.ModifyConnectorPolicy'],
    'Security Administrator': ['Security.Read', 'Security.Modify'],
    'Read-only Analyst': ['Site.Read', 'Collection.Read', 'Collection.ReadResource', 'Security.Read', 'Audit.Read'],
    'Helpdesk Operator': ['Site.Read', 'Collection.Read', 'Collection.ReadResource', 'Collection.ModifyResource'],
    'Wipe Approver': [
      'Site.Read',
      'Collection.Read',
      'Collection.ReadResource',
      'Collection.ModifyResource',
      'Collection.DeleteResource',
    ],
    Auditor: ['Audit.Read'],
  }

  it('are bundled in the built-in roles and no other', () => {
    assert.deepEqual(builtInRoles.map(({ name }) => name).sort(), Object.keys(expected).sort())
  })

  for (const [role, allowed] of Object.entries(expected))
    it(`of a ${role} are these and no other`, async () => {
      const { access, device } = await open({ first: [{ holder: holder(ann), role }] })
      const rights = await access.rightsOf({ tenant, id: ann })
      for (const permission of permissions)
        assert.equal(rights.may(device, permission), allowed.includes(permission), permission)
    })
})
