import assert from 'node:assert/strict'
import type { RightsChange } from '../../src/access/changes.ts'
import { type Code, isBotError } from '../../src/errors.ts'
import { add, collection, grant, grantToGroup, groupOf, hour, idOf, revoke, type Site, startSite } from './site.ts'

const edit = (...about: Parameters<typeof collection>): RightsChange => ({
  change: 'collection-edit',
  collection: collection(...about),
})
const copy = (role: string, name: string): RightsChange => ({ change: 'role-copy', role, name })
const extend = (name: string, ...more: Extract<RightsChange, { change: 'role-edit' }>['add']): RightsChange => ({
  change: 'role-edit',
  name,
  add: more,
  remove: [],
})

const refused =
  (code: Code, says = /./) =>
  (error: unknown) =>
    isBotError(error, code) && says.test(error.message)
const own = refused('RIGHTS_REFUSED', /Nobody changes their own rights/)

/** Eve is a Security Administrator who wants more; Sam is another one, who looks. */
const two = [
  ['Fay', 'Full Administrator'],
  ['Sam', 'Security Administrator'],
  ['Eve', 'Security Administrator'],
] as const

describe('a rogue Security Administrator', function () {
  this.timeout(60_000)

  let site: Site

  const start = async (options: Parameters<typeof startSite>[0] = {}) => {
    site = await startSite({ first: two, ...options })
    return site
  }
  afterEach(() => site.close())

  const mayWipe = async (name: string) => (await site.rights(name)).holds('Collection.DeleteResource')

  describe('gets no more rights', () => {
    it('by granting them to herself', async () => {
      await start()
      await assert.rejects(site.ask('Eve', grant('Eve', 'Wipe Approver')), own)
    })

    it('by granting them to a group that she is in', async () => {
      const { graph } = await start({ graph: true })
      for (const [name] of two) graph?.addAccount(idOf(name), name)
      graph?.groups.set(idOf('Staff'), new Set([idOf('Eve')]))
      await assert.rejects(site.ask('Eve', grantToGroup('Staff', 'Wipe Approver')), own)
      const asked = await site.ask('Sam', grantToGroup('Staff', 'Wipe Approver'))
      await assert.rejects(site.approve('Eve', asked), own)
    })

    it('by changing a role that she holds', async () => {
      await start()
      await site.change('Fay', 'Sam', copy('Auditor', 'Reader'))
      await site.change('Fay', 'Sam', grant('Eve', 'Reader'))
      await assert.rejects(site.ask('Eve', extend('Reader', 'Collection.DeleteResource')), own)
      const asked = await site.ask('Fay', extend('Reader', 'Collection.DeleteResource'))
      await assert.rejects(site.approve('Eve', asked), own)
    })

    it('by widening a collection on which she has rights, or one that limits it', async () => {
      await start()
      await site.change('Fay', 'Sam', add('Outer', 'connector = Contoso'))
      await site.change('Fay', 'Sam', add('Inner', 'user = adele@contoso.com', { parent: 'Outer' }))
      await site.change('Fay', 'Sam', grant('Eve', 'Wipe Approver', 'Inner'))
      await assert.rejects(site.ask('Eve', edit('Inner', 'connector = Contoso', { parent: 'Outer' })), own)
      await assert.rejects(site.ask('Eve', edit('Outer', 'connector = Fabrikam')), own)
    })

    it('by approving what another asked for her', async () => {
      await start()
      const asked = await site.ask('Sam', grant('Eve', 'Wipe Approver'))
      await assert.rejects(site.approve('Eve', asked), own)
      assert.equal(await mayWipe('Eve'), false)
    })

    it('by editing a built-in role', async () => {
      await start()
      await assert.rejects(
        site.ask('Eve', extend('Auditor', 'Collection.DeleteResource')),
        refused('RIGHTS_REFUSED', /built in/),
      )
    })
  })

  describe('makes no accomplice', () => {
    it('alone: whatever she asks for waits for another, and she is not another', async () => {
      await start()
      await site.change('Fay', 'Sam', copy('Auditor', 'Reader'))
      await site.change('Fay', 'Sam', add('Front desk', 'user = adele@contoso.com'))
      for (const change of [
        grant('Mallory', 'Wipe Approver'),
        grantToGroup('Staff', 'Wipe Approver'),
        copy('Full Administrator', 'Harmless'),
        extend('Reader', 'Collection.DeleteResource'),
        { change: 'role-remove', name: 'Reader' },
        add('Everything', 'connector = Contoso'),
        edit('Front desk', 'connector = Contoso'),
        { change: 'collection-remove', name: 'Front desk' },
        revoke('Sam'),
      ] as const) {
        const asked = await site.ask('Eve', change)
        assert.equal(asked.status.state, 'waiting', change.change)
        await assert.rejects(site.approve('Eve', asked), refused('REQUEST_SELF'), change.change)
        await assert.rejects(site.approve('Mallory', asked), refused('ACCESS_DENIED'), change.change)
      }
      assert.equal(await mayWipe('Mallory'), false)
      assert.ok((await site.rights('Sam')).holds('Security.Modify'))
    })

    it('of somebody who has just got rights: these rest first', async () => {
      await start()
      await site.change('Fay', 'Sam', grant('Mallory', 'Security Administrator'))
      const asked = await site.ask('Eve', grant('Olga', 'Wipe Approver'))
      await assert.rejects(site.approve('Mallory', asked), refused('ACCESS_DENIED'))
      site.pass(23 * hour)
      await assert.rejects(site.approve('Mallory', asked), refused('ACCESS_DENIED'))
      await site.restart()
      site.pass(2 * hour)
      assert.equal((await site.approve('Mallory', asked)).status.state, 'done')
    })

    it('through a group: who was just put into it has rested no more than somebody new', async () => {
      const { graph } = await start({ graph: true })
      for (const [name] of two) graph?.addAccount(idOf(name), name)
      graph?.addAccount(idOf('Mallory'), 'Mallory')
      graph?.groups.set(idOf('Security'), new Set())
      await site.change('Fay', 'Sam', grantToGroup('Security', 'Security Administrator'))
      site.pass(48 * hour)
      const asked = await site.ask('Eve', grant('Olga', 'Wipe Approver'))
      graph?.groups.get(idOf('Security'))?.add(idOf('Mallory'))
      await assert.rejects(site.approve('Mallory', asked), refused('ACCESS_DENIED'))
      site.pass(25 * hour)
      assert.equal((await site.approve('Mallory', asked)).status.state, 'done')
    })

    it('by a role that got the permission only now, or a collection that was drawn anew', async () => {
      await start()
      await site.change('Fay', 'Sam', copy('Helpdesk Operator', 'Trainee'))
      await site.change('Fay', 'Sam', add('Front desk', 'user = adele@contoso.com'))
      await site.change('Fay', 'Sam', grant('Mallory', 'Trainee', 'Front desk'))
      site.pass(48 * hour)
      await site.change('Fay', 'Sam', extend('Trainee', 'Collection.DeleteResource'))
      assert.equal((await site.rights('Mallory')).rested.holds('Collection.DeleteResource'), false)
      site.pass(25 * hour)
      assert.equal((await site.rights('Mallory')).rested.holds('Collection.DeleteResource'), true)
      await site.change('Fay', 'Sam', edit('Front desk', 'connector = Contoso'))
      assert.equal((await site.rights('Mallory')).rested.holds('Collection.DeleteResource'), false)
      assert.equal((await site.rights('Mallory')).holds('Collection.DeleteResource'), true, 'asking needs no rest')
    })

    it('by getting rid of those who look: that needs them, and stays so when they are gone', async () => {
      await start({ first: [['Eve', 'Security Administrator']], admins: [idOf('Ada')] })
      assert.equal((await site.ask('Eve', grant('Mallory', 'Auditor'))).status.state, 'waiting')
      await assert.rejects(site.ask('Eve', revoke('Ada')), refused('RIGHTS_REFUSED'))
      await site.restart([])
      const asked = await site.ask('Eve', grant('Mallory', 'Security Administrator'))
      assert.equal(asked.status.state, 'waiting')
      await assert.rejects(site.approve('Ada', asked), refused('ACCESS_DENIED'))
      await site.restart([idOf('Ada')])
      assert.equal((await site.approve('Ada', asked)).status.state, 'done', 'ADMINS is the way back in')
    })

    it('by a phone that says of itself what puts it into a collection', async () => {
      await start()
      await site.change('Fay', 'Sam', add('Phones', 'model = iPhone'))
      await assert.rejects(
        site.ask('Eve', grant('Mallory', 'Wipe Approver', 'Phones')),
        refused('RIGHTS_REFUSED', /a phone must not choose its approvers/),
      )
      await assert.rejects(site.ask('Eve', add('Few', 'os = iOS', { approvals: 2 })), refused('RIGHTS_REFUSED', /os/))
      await assert.rejects(
        site.ask('Eve', add('Fewer', 'user = a@contoso.com', { parent: 'Phones', approvals: 1 })),
        refused('RIGHTS_REFUSED', /model/),
      )
      await site.change('Fay', 'Sam', copy('Helpdesk Operator', 'Trainee'))
      await site.change('Fay', 'Sam', grant('Mallory', 'Trainee', 'Phones'))
      await assert.rejects(
        site.ask('Eve', extend('Trainee', 'Collection.DeleteResource')),
        refused('RIGHTS_REFUSED', /model/),
      )
    })
  })

  it('loses nothing by asking: what she asked for is not done when she may not ask any more', async () => {
    await start()
    const asked = await site.ask('Eve', grant('Mallory', 'Wipe Approver'))
    await site.change('Sam', 'Fay', revoke('Eve'))
    assert.equal((await site.approve('Sam', asked)).status.state, 'refused')
    assert.equal(await mayWipe('Mallory'), false)
  })
})

describe('rights of a site', function () {
  this.timeout(60_000)

  let site: Site
  afterEach(() => site.close())

  it('that never had two to look are changed by one, who gives away only what they hold', async () => {
    site = await startSite({ first: [['Eve', 'Security Administrator']] })
    await assert.rejects(
      site.ask('Eve', grant('Mallory', 'Wipe Approver')),
      refused('RIGHTS_REFUSED', /You do not hold Collection\.\w+ on All Mobile Devices yourself/),
    )
    assert.equal((await site.ask('Eve', grant('Sam', 'Security Administrator'))).status.state, 'done')
    assert.equal((await site.ask('Eve', grant('Olga', 'Security Administrator'))).status.state, 'waiting')
  })

  it('are taken away at once, but not from somebody who looks after rights', async () => {
    site = await startSite({ first: [...two, ['Hal', 'Helpdesk Operator']] })
    assert.equal((await site.ask('Eve', revoke('Hal'))).status.state, 'done')
    assert.deepEqual((await site.rights('Hal')).grants, [])
    assert.equal((await site.ask('Eve', revoke('Sam'))).status.state, 'waiting')
  })

  it('never lose their last Full Administrator', async () => {
    site = await startSite({ first: two })
    await assert.rejects(site.ask('Eve', revoke('Fay')), refused('RIGHTS_REFUSED', /The last Full Administrator stays/))
    await site.change('Fay', 'Sam', grant('Olga', 'Full Administrator'))
    const asked = await site.ask('Eve', revoke('Fay'))
    await site.change('Sam', 'Fay', revoke('Olga', 'Full Administrator'))
    assert.equal((await site.approve('Sam', asked).catch(() => asked)).status.state, 'waiting')
    assert.ok((await site.rights('Fay')).holds('Site.Modify'))
  })

  it('keep those of ADMINS, who only the environment can take away', async () => {
    site = await startSite({ first: two, admins: [idOf('Ada')] })
    await assert.rejects(site.ask('Eve', revoke('Ada')), refused('RIGHTS_REFUSED', /ADMINS/))
    assert.ok((await site.rights('Ada')).rested.holds('Collection.DeleteResource'))
  })

  it('need no second person with RIGHTS_APPROVAL=off, and the record says so', async () => {
    site = await startSite({ first: two, secondPerson: false })
    assert.equal((await site.ask('Eve', grant('Mallory', 'Auditor'))).status.state, 'done')
    assert.match(site.records.map(({ note }) => note).join(), /without a second person \(RIGHTS_APPROVAL=off\)/)
    await site.restart()
    await assert.rejects(site.ask('Eve', grant('Eve', 'Auditor')), own)
  })

  it('are denied for good by one who looks', async () => {
    site = await startSite({ first: two })
    const asked = await site.ask('Eve', grantToGroup('Staff', 'Auditor'))
    const sam = {
      tenant: '6f0b54a2-3c1d-4e8a-9f57-2b8d10c4e7a9',
      id: idOf('Sam'),
      name: 'Sam',
      addresses: async () => [],
    }
    await site.rooms().requests.deny(asked.id, sam, 'why?')
    await assert.rejects(site.approve('Fay', asked), refused('REQUEST_CLOSED'))
    assert.deepEqual(
      await site
        .rooms()
        .access.assignments()
        .then((held) => held.filter(({ holder }) => holder.id === groupOf('Staff').id)),
      [],
    )
  })
})
