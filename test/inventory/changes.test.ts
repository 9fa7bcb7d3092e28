import assert from 'node:assert/strict'
import { type Change, changesOf, isLegacy, minimumAbove } from '../../src/inventory/changes.ts'
import type { Device, Statistics } from '../../src/inventory/device.ts'

const since = '2026-05-01T00:00:00.000Z'
const now = new Date('2026-06-01T12:00:00.000Z')
const owner = { connector: 'Contoso', mailbox: 'm', name: 'adele', displayName: 'Adele Vance' }

const device = (more: Partial<Device> = {}): Device => ({
  connector: 'Contoso',
  guid: 'g',
  deviceId: 'ApplX',
  mailbox: 'm',
  type: 'iPhone',
  clientType: 'EAS',
  clientVersion: '16.1',
  state: 'Allowed',
  ...more,
})
const statistics = (more: Partial<Statistics> = {}): Statistics => ({
  read: now.toISOString(),
  wipe: {},
  accountWipe: {},
  ...more,
})

interface More {
  readonly since?: string | undefined
  readonly told?: ('stale' | 'osBelowMinimum')[]
  readonly others?: Device[]
}

function changes(before: Device | undefined, after: Device, more: More = {}) {
  const limits = { inactiveDays: 30, minimumOs: { iOS: '16.4', Android: '12' } }
  return changesOf(before, after, { owner, now, limits, since, told: [], others: [], ...more })
}
const kinds = (before: Device | undefined, after: Device, more: More = {}) =>
  changes(before, after, more).changes.map(({ kind }) => kind)
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString()

describe('inventory: what changed', () => {
  it('tells of a new device, and of its state when it may not connect', () => {
    assert.deepEqual(kinds(undefined, device()), ['new'])
    assert.deepEqual(kinds(undefined, device({ state: 'Quarantined' })), ['new', 'quarantined'])
    assert.deepEqual(kinds(undefined, device({ state: 'DeviceDiscovery' })), ['new'])
  })

  it('tells of each change of state, with the device before and after', () => {
    const [change] = changes(device({ state: 'Quarantined' }), device({ state: 'Allowed', rule: 'r' })).changes
    assert.equal(change?.kind, 'allowed')
    assert.equal(change?.before?.state, 'Quarantined')
    assert.equal(change?.device.rule, 'r')
    assert.deepEqual(kinds(device(), device({ state: 'Blocked' })), ['blocked'])
    assert.deepEqual(kinds(device({ state: 'Blocked' }), device({ state: 'Blocked', os: 'iOS 17' })), [])
  })

  it('tells of a phone that is in use with another mailbox, once it is new there', () => {
    const other = device({ guid: 'h', mailbox: 'n' })
    const { changes: found } = changes(undefined, device(), { others: [other] })
    const transferred = found.find(
      (change): change is Change & { kind: 'transferred' } => change.kind === 'transferred',
    )
    assert.deepEqual(transferred?.others, [{ connector: 'Contoso', guid: 'h' }])
    assert.deepEqual(kinds(device(), device({ os: 'iOS 17' }), { others: [other] }), [])
  })

  it('tells each step of a wipe, of the device and of the account apart', () => {
    const asked = { requested: daysAgo(1), requestor: 'admin@contoso.com' }
    const first = device({ statistics: statistics() })
    const second = device({ statistics: statistics({ wipe: asked }) })
    const third = device({ statistics: statistics({ wipe: { ...asked, sent: daysAgo(0), acknowledged: daysAgo(0) } }) })
    const [request] = changes(first, second).changes
    assert.ok(request?.kind === 'wipeRequested' && request.wipe === 'device')
    assert.equal(request.requestor, 'admin@contoso.com')
    assert.equal(request.time, daysAgo(1))
    assert.deepEqual(kinds(second, third), ['wipeSent', 'wipeAcknowledged'])
    const [account] = changes(first, device({ statistics: statistics({ accountWipe: asked }) })).changes
    assert.ok(account?.kind === 'wipeRequested' && account.wipe === 'account')
  })

  it('tells of a wipe that the first statistics show only when it is younger than the connector', () => {
    const wiped = (days: number) => device({ statistics: statistics({ wipe: { requested: daysAgo(days) } }) })
    assert.deepEqual(kinds(device(), wiped(2)), ['wipeRequested'])
    assert.deepEqual(kinds(device(), wiped(300)), [])
    assert.deepEqual(kinds(device({ statistics: statistics() }), wiped(300)), ['wipeRequested'])
  })

  it('tells when a device has been silent for too long, once, and again when it was back in between', () => {
    const silent = device({ statistics: statistics({ lastSync: daysAgo(31) }) })
    const back = device({ statistics: statistics({ lastSync: daysAgo(1) }) })
    assert.deepEqual(changes(back, silent).told, ['stale'])
    assert.deepEqual(kinds(back, silent), ['stale'])
    assert.deepEqual(kinds(silent, silent, { told: ['stale'] }), [])
    assert.deepEqual(changes(silent, back, { told: ['stale'] }).told, [])
  })

  it('does not call stale what waits for its wipe, what was so before the connector came, or what is not known', () => {
    const silent = (more: Partial<Statistics>) => device({ statistics: statistics({ lastSync: daysAgo(31), ...more }) })
    assert.deepEqual(kinds(device({ statistics: statistics() }), silent({ wipe: { requested: daysAgo(9) } })), [
      'wipeRequested',
    ])
    assert.deepEqual(kinds(device(), silent({ lastSync: daysAgo(300) })), [])
    assert.deepEqual(changes(device(), silent({ lastSync: daysAgo(300) })).told, ['stale'])
    assert.deepEqual(kinds(device(), device({ statistics: statistics() })), [])
  })

  it('tells of an operating system below the minimum once, whichever of both has changed', () => {
    const old = device({ os: 'iOS 16.3.1 20D67' })
    assert.deepEqual(kinds(device({ os: 'iOS 17' }), old), ['osBelowMinimum'])
    assert.deepEqual(kinds(old, old), ['osBelowMinimum'])
    assert.deepEqual(kinds(old, old, { told: ['osBelowMinimum'] }), [])
  })

  it('tells of a legacy protocol when a device comes with it or goes back to it', () => {
    assert.deepEqual(kinds(undefined, device({ clientVersion: '14.1' })), ['new', 'legacy'])
    assert.deepEqual(kinds(device(), device({ clientVersion: '14.1' })), ['legacy'])
    assert.deepEqual(kinds(device({ clientVersion: '14.0' }), device({ clientVersion: '14.1' })), [])
  })

  it('tells nothing before the connector was read completely once, but remembers what is so', () => {
    const all = device({ state: 'Quarantined', clientVersion: '14.1', os: 'iOS 9' })
    assert.deepEqual(changes(undefined, all, { since: undefined }), { changes: [], told: ['osBelowMinimum'] })
  })

  it('compares protocol versions as numbers, and only those of Exchange ActiveSync', () => {
    const legacy = (clientType: string, clientVersion: string) => isLegacy(device({ clientType, clientVersion }))
    for (const version of ['2.5', '12.1', '14.1', '16', '16.0']) assert.equal(legacy('EAS', version), true, version)
    for (const version of ['16.1', '16.10', '17.0', '161', '']) assert.equal(legacy('EAS', version), false, version)
    assert.equal(legacy('REST', '14.1'), false)
    assert.equal(legacy('Outlook', '1.0'), false)
  })

  it('compares operating systems as numbers, each with the minimum of its name', () => {
    const limits = { minimumOs: { iOS: '16.4', Android: '12' } }
    const above = (os: string | undefined) => minimumAbove(device({ os }), limits)
    for (const os of ['iOS 16.3', 'iOS 9.3.5 13G36', 'ios 16']) assert.equal(above(os), '16.4', os)
    assert.equal(above('Android 9'), '12')
    for (const os of ['iOS 16.4', 'iOS 16.10', 'iOS 17', 'Android 12', 'Android', 'macOS 9', undefined])
      assert.equal(above(os), undefined, os)
  })
})
