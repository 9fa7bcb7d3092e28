import assert from 'node:assert/strict'
import { pino } from 'pino'
import { fullSync } from '../../src/connector/discovery.ts'
import { createExchange } from '../../src/connector/exchange.ts'
import { failureOf } from '../../src/connector/health.ts'
import type { Row, Transport } from '../../src/connector/transport.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Connection } from './contract.ts'
import { type Site, startSite, until } from './site.ts'

const kinds = ['online', 'onPremises'] as const
const forever = new AbortController().signal

for (const kind of kinds)
  describe(`discovery (${kind})`, () => {
    let site: Site
    let organization: Connection
    before(async () => {
      site = await startSite()
      const found = await site.found({ kind, devices: 60, version: kind === 'online' ? 'online' : '2019' }, 'Contoso')
      organization = found.organization
      await site.add(found.settings)
    })
    after(() => site.close())
    afterEach(() => site.sandbox.control('DELETE', 'faults'))

    const view = () => site.connectors().get('Contoso')
    const devices = () => [...site.inventory().devices([allDevices])]
    const fault = (about: object) =>
      site.sandbox.control('POST', 'faults', { organization: organization.name, ...about })
    const change = (about: object) =>
      site.sandbox.control('POST', `organizations/${encodeURIComponent(organization.name)}/changes`, about)
    /** Devices as Exchange has them. */
    const real = async () => {
      const query = `organization=${encodeURIComponent(organization.name)}`
      const rows = await site.sandbox.control<{ Guid: string; DeviceAccessState: string }[]>('GET', `devices?${query}`)
      return rows.map(({ Guid, DeviceAccessState }) => `${Guid} ${DeviceAccessState}`).sort()
    }
    const known = () =>
      devices()
        .map(({ guid, state }) => `${guid} ${state}`)
        .sort()
    /** What came of a read that is begun now. */
    async function sync(how: 'full' | 'delta') {
      const before = view()[how]?.at
      site.clock.pass(1)
      await site.connectors().sync('Contoso', how)
      await until(() => view()[how]?.at !== before && view().progress === undefined)
      return view()
    }
    async function callsDuring(work: () => Promise<unknown>) {
      const before = (await site.calls(organization)).length
      await work()
      return (await site.calls(organization)).slice(before)
    }

    it('reads statistics little by little, of each mailbox once a day', async () => {
      const mailboxes = new Set(devices().map(({ mailbox }) => mailbox)).size
      assert.ok(mailboxes > 30 && mailboxes < 60)
      const reads = async () =>
        (await site.calls(organization)).filter(({ cmdlet }) => cmdlet === 'Get-MobileDeviceStatistics').length
      assert.equal(await reads(), 0)
      for (const some of [30, mailboxes]) {
        await until(() => site.clock.isAwaited(1))
        site.clock.pass(1)
        await until(async () => (await reads()) === some)
      }
      await until(() => devices().every(({ statistics }) => statistics !== undefined))
      assert.equal(await reads(), mailboxes)
      assert.ok(devices().some(({ statistics }) => statistics?.lastSync))
    })

    it('reads all devices with their owners, and writes nothing to Exchange', async () => {
      assert.deepEqual(known(), await real())
      for (const device of devices()) assert.match(site.inventory().owner(device).mail ?? '', /@/)
      const calls = await callsDuring(async () => assert.equal((await sync('full')).full?.devices, 60))
      assert.ok(calls.every(({ cmdlet }) => /^(Get-|Set-ADServerSettings$)/.test(cmdlet)))
    })

    it('finds with a full sync whatever has changed, and forgets what is gone', async () => {
      await change({ new: 4, removed: 3, quarantined: 2, updated: 5 })
      assert.notDeepEqual(known(), await real())
      await sync('full')
      assert.deepEqual(known(), await real())
      assert.equal(devices().length, 61)
    })

    it('forgets nothing after a read that broke off, whatever it had seen', async () => {
      await change({ removed: 2 })
      const before = known()
      await fault({ cmdlet: 'Get-MobileDevice', then: 'garbled', times: 20 })
      await site.connectors().sync('Contoso', 'full')
      await until(() => failureOf(view().health) !== undefined)
      assert.deepEqual(known(), before)
      await site.sandbox.control('DELETE', 'faults')
      await sync('full')
      assert.deepEqual(known(), await real())
      assert.equal(view().health.state, 'healthy')
    })

    it('finds with a delta sync what is new, quarantined, or no longer so, and asks Exchange for just that', async () => {
      await change({ new: 3, quarantined: 4 })
      await sync('delta')
      assert.deepEqual(known(), await real())
      await change({ allowed: 3 })
      const calls = await callsDuring(() => sync('delta'))
      assert.deepEqual(known(), await real())
      const reads = calls.filter(({ cmdlet }) => cmdlet === 'Get-MobileDevice')
      assert.ok(reads.length > 0 && reads.every(({ parameters }) => parameters.Filter ?? parameters.Identity))
      assert.ok(!calls.some(({ cmdlet, parameters }) => cmdlet === 'Get-Mailbox' && !parameters.Identity))
      for (const device of devices()) assert.match(site.inventory().owner(device).mail ?? '', /@/)
    })

    it('leaves other changes to the next full sync', async () => {
      await change({ removed: 1 })
      await sync('delta')
      assert.equal(known().length, (await real()).length + 1)
      await sync('full')
      assert.deepEqual(known(), await real())
    })

    it('comes as often as it is set, a full sync every 24 hours and deltas in between', async () => {
      await sync('full')
      const deltas = new Set<string | undefined>()
      const fullBefore = view().full?.at
      for (let step = 1; step <= 6; step += 1) {
        site.clock.pass(240)
        const due = site.clock.now().toISOString()
        const isFull = step === 6
        await until(() => (isFull ? view().full : view().delta)?.at === due, `${step}`)
        deltas.add(view().delta?.at)
        assert.equal(view().full?.at === fullBefore, !isFull)
      }
      assert.equal(deltas.size, 5)
    })
  }).timeout(120_000)

describe('discovery', () => {
  let site: Site
  before(async () => {
    site = await startSite()
  })
  after(() => site.close())

  const devicesOf = (name: string) =>
    [...site.inventory().devices([allDevices])].filter(({ connector }) => connector === name)

  it('keeps to its organizational units, and reads anew when they are others', async () => {
    const { organization, settings } = await site.found({ kind: 'onPremises' }, 'Units')
    for (const unit of ['Berlin', 'Berlin', 'Paris']) {
      const Alias = `${unit.toLowerCase()}${Math.random().toString(36).slice(2, 8)}`
      const about = { organization: organization.name, Alias, OrganizationalUnit: unit }
      await site.sandbox.control('POST', 'mailboxes', about)
      await site.sandbox.control('POST', 'devices', {
        organization: organization.name,
        mailbox: Alias,
        DeviceType: 'iPhone',
      })
    }
    const mailsOf = () =>
      devicesOf('Units')
        .map((device) =>
          site
            .inventory()
            .owner(device)
            .alias?.replace(/(berlin|paris).*/, '$1'),
        )
        .sort()
    await site.add({ ...settings, activeDirectoryContainers: 'Berlin' })
    assert.deepEqual(mailsOf(), ['berlin', 'berlin'])
    const { connectors } = site
    await connectors().add(connectors().check({ name: 'Units', activeDirectoryContainers: 'Paris' }))
    await until(() => mailsOf().join() === 'paris')
    await connectors().add(connectors().check({ name: 'Units', activeDirectoryContainers: '' }))
    await until(() => devicesOf('Units').length === 6)
  })

  it('ignores devices that are inactive for longer than is set', async () => {
    const { settings } = await site.found({ kind: 'online', devices: 40 }, 'Quiet')
    await site.add(settings)
    const { connectors } = site
    for (const device of devicesOf('Quiet')) await connectors().read(device, forever)
    const shown = () => site.inventory().find({ connector: 'Quiet' }, [allDevices]).total
    const all = shown()
    assert.equal(all, 40)
    await connectors().add(connectors().check({ name: 'Quiet', maximumInactiveDays: '10' }))
    await until(() => shown() < all, 'some are ignored')
    assert.equal(devicesOf('Quiet').length, all, 'and kept')
    await connectors().add(connectors().check({ name: 'Quiet', maximumInactiveDays: '' }))
    await until(() => shown() === all)
  })

  it('goes around rows that it cannot understand, says so, and forgets nothing meanwhile', async () => {
    const { settings } = await site.found({ kind: 'online', devices: 5 }, 'Odd')
    await site.add(settings)
    const [first, ...others] = devicesOf('Odd')
    assert.ok(first)
    const rows: Row[] = [
      { Guid: 'none', Identity: 'x' },
      { Guid: first.guid, Identity: 'x', DeviceModel: 'seen anew' },
    ]
    const transport: Transport = {
      async *invoke({ name }) {
        if (name === 'Get-MobileDevice') yield* rows
      },
      close: async () => {},
    }
    const read = () => {
      const log = pino({ level: 'warn' }, { write: (line) => void site.logged.push(line) })
      const discovery = { connector: 'Odd', units: [], inventory: site.inventory(), log, signal: forever }
      return fullSync({ ...discovery, exchange: createExchange({ transport }) }, () => {})
    }
    assert.deepEqual(await read(), { devices: 1, unreadable: 1 })
    assert.equal(site.inventory().get(first)?.model, 'seen anew')
    assert.equal(devicesOf('Odd').length, others.length + 1)
    assert.ok(site.logged.some((line) => /row not readable/.test(line) && /Guid/.test(line)))
    rows.shift()
    assert.deepEqual(await read(), { devices: 1, unreadable: 0 })
    assert.deepEqual(devicesOf('Odd').length, 1, 'a whole read tells what is gone')
  })
}).timeout(120_000)
