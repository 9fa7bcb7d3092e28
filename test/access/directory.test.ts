import assert from 'node:assert/strict'
import { permissions } from '../../src/access/permissions.ts'
import { isBotError } from '../../src/errors.ts'
import type { Graph } from './graph.ts'
import { grant, grantToGroup, idOf, type Site, startSite, tenant } from './site.ts'

const minute = 60_000

describe('rights by Microsoft Graph', function () {
  this.timeout(60_000)

  let site: Site
  let graph: Graph

  beforeEach(async () => {
    site = await startSite({
      graph: true,
      first: [
        ['Fay', 'Full Administrator'],
        ['Sam', 'Security Administrator'],
      ],
    })
    assert.ok(site.graph)
    graph = site.graph
    for (const name of ['Fay', 'Sam', 'Ann']) graph.addAccount(idOf(name), name)
    graph.groups.set(idOf('Helpdesk'), new Set([idOf('Ann')]))
    await site.change('Fay', 'Sam', grantToGroup('Helpdesk', 'Helpdesk Operator'))
  })
  afterEach(() => site.close())

  const may = async (name: string, options?: { fresh?: boolean }) =>
    (await site.rights(name, options)).holds('Collection.ModifyResource')

  async function assertNobody(name: string, person = { tenant, id: idOf(name) }): Promise<void> {
    const rights = await site.rooms().access.rightsOf(person)
    assert.deepEqual(rights.grants, [])
    assert.equal(rights.holds(...permissions), false)
  }

  it('come through a group, which is named, and add to one’s own', async () => {
    await site.change('Fay', 'Sam', grant('Ann', 'Auditor'))
    const { grants } = await site.rights('Ann')
    assert.deepEqual(
      grants.map(({ role, group }) => [role, group]),
      [
        ['Auditor', undefined],
        ['Helpdesk Operator', 'Helpdesk'],
      ],
    )
  })

  it('are believed for five minutes, and asked afresh where it matters', async () => {
    assert.ok(await may('Ann'))
    const asked = graph.asked.length
    graph.groups.get(idOf('Helpdesk'))?.clear()
    site.pass(4 * minute)
    assert.ok(await may('Ann'))
    assert.equal(graph.asked.length, asked)
    assert.equal(await may('Ann', { fresh: true }), false)
    assert.equal(await may('Ann'), false, 'what was asked afresh is known to all')
  })

  it('end within five minutes with the group, the account or its being enabled', async () => {
    for (const [end, mend] of [
      [() => graph.groups.set(idOf('Helpdesk'), new Set()), () => graph.groups.get(idOf('Helpdesk'))?.add(idOf('Ann'))],
      [() => graph.groups.delete(idOf('Helpdesk')), () => graph.groups.set(idOf('Helpdesk'), new Set([idOf('Ann')]))],
      [
        () => graph.addAccount(idOf('Ann'), 'Ann', { accountEnabled: false }),
        () => graph.addAccount(idOf('Ann'), 'Ann'),
      ],
      [() => graph.accounts.delete(idOf('Ann')), () => graph.addAccount(idOf('Ann'), 'Ann')],
    ] as const) {
      assert.ok(await may('Ann'))
      end()
      site.pass(6 * minute)
      assert.equal(await may('Ann'), false)
      mend()
      site.pass(6 * minute)
    }
  })

  it('do not go by names: who is renamed keeps them, who takes the name gets none', async () => {
    graph.addAccount(idOf('Ann'), 'Hanna')
    graph.addAccount(idOf('Another'), 'Ann')
    assert.ok(await may('Ann', { fresh: true }))
    await assertNobody('Another')
  })

  it('are nobody’s who is disabled, a guest, unknown to Entra ID, of another tenant or without object id', async () => {
    await site.change('Fay', 'Sam', grant('Olga', 'Full Administrator'))
    await assertNobody('Olga')
    for (const more of [{ accountEnabled: false }, { userType: 'Guest' }] as const) {
      graph.addAccount(idOf('Olga'), 'Olga', more)
      site.pass(6 * minute)
      await assertNobody('Olga')
    }
    graph.addAccount(idOf('Olga'), 'Olga')
    site.pass(6 * minute)
    assert.ok((await site.rights('Olga')).holds('Site.Modify'))
    await assertNobody('Olga', { tenant: '11111111-2222-3333-4444-555555555555', id: idOf('Olga') })
    await assertNobody('Olga', { tenant, id: '00000000-0000-0000-0000-000000000000' })
  })

  it('through groups are gone while Graph is down, those of one’s own stay, and what decides is refused', async () => {
    await site.change('Fay', 'Sam', grant('Ann', 'Auditor'))
    site.pass(6 * minute)
    graph.answerWith(503)
    const rights = await site.rights('Ann')
    assert.deepEqual([rights.standing, rights.grants.map(({ role }) => role)], ['unreachable', ['Auditor']])
    await assert.rejects(site.rights('Ann', { fresh: true }), (error) => isBotError(error, 'DIRECTORY_UNREACHABLE'))
    await assert.rejects(site.ask('Sam', grant('Ann', 'Wipe Approver')), (error) =>
      isBotError(error, 'DIRECTORY_UNREACHABLE'),
    )
    graph.answerWith(200)
    site.pass(minute)
    assert.ok(await may('Ann'))
  })

  it('are asked of at most twenty groups at once', async () => {
    for (let n = 0; n < 45; n += 1) {
      graph.groups.set(idOf(`Group ${n}`), new Set(n === 44 ? [idOf('Ann')] : []))
      await site.change('Fay', 'Sam', grantToGroup(`Group ${n}`, n === 44 ? 'Auditor' : 'Read-only Analyst'))
    }
    const held = (await site.rights('Ann', { fresh: true })).grants.map(({ role }) => role)
    assert.deepEqual(held.sort(), ['Auditor', 'Helpdesk Operator'])
  })
})
