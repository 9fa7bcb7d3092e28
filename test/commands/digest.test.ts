import assert from 'node:assert/strict'
import type { Context } from '../../src/commands/command.ts'
import { digest } from '../../src/commands/digest.ts'
import type { Published } from '../../src/events/event.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import type { Device } from '../../src/inventory/device.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { memoryStore } from '../inventory/store.ts'
import { deviceEvent } from '../notify/room.ts'
import { type Admin, adminOf, chatOf } from './chat.ts'

describe('the digest', () => {
  let desk: TestDesk
  let admin: Admin

  before(async () => {
    desk = await startDesk({ BRAKE: '1000,1000,1000,1000' })
    admin = await adminOf(desk)
    await chatOf(desk, people.approver).say('help')
  })
  after(() => desk.close())

  const phone = (about: object): Promise<Json> => desk.control('POST', 'devices', { mailbox: 'adele', ...about })

  async function wipe({ Guid }: Json): Promise<string> {
    const helpdesk = chatOf(desk, people.helpdesk)
    const shown = await helpdesk.say(`wipe ${Guid} stolen in Rome`)
    const asked = await helpdesk.click(shown, 'Ask for approval', { shortId: Guid.slice(0, 8) })
    return /R\d+/.exec(asked.text)?.[0] ?? ''
  }

  it('counts what Exchange has and what happened', async () => {
    const about = { AccessLevel: 'Quarantine', Characteristic: 'DeviceModel', QueryString: 'iPhone17C3' }
    await admin('New-ActiveSyncDeviceAccessRule', about)
    const stolen = await phone({ ClientVersion: '16.1' })
    const lost = await phone({ ClientVersion: '16.1' })
    await phone({ ClientVersion: '14.1' })
    for (let times = 0; times < 2; times++) await phone({ DeviceModel: 'iPhone17C3', ClientVersion: '16.1' })
    await desk.sync()

    const approver = chatOf(desk, people.approver)
    const id = await wipe(stolen)
    const copy = await approver.finds(new RegExp(`${id}\\nWaiting for approval`))
    await approver.click(copy, 'Approve')
    await approver.reads(copy, /With Exchange/)
    await desk.control('POST', `devices/${stolen.DeviceId}/sync`)
    await approver.reads(copy, /Acknowledged by the device/)
    await wipe(lost)
    await desk.sync()

    const { text } = await chatOf(desk, people.full).say('digest')
    const all: Json[] = await desk.control('GET', 'devices?limit=5000')
    for (const state of ['Allowed', 'Quarantined', 'Blocked']) {
      const count = all.filter(({ DeviceAccessState: one }) => one === state).length
      assert.match(text, new RegExp(`^${state}\\n█+ {2}${count.toLocaleString('en')}$`, 'm'))
    }
    const waiting = (await admin('Get-MobileDevice', { Filter: "DeviceAccessState -eq 'Quarantined'" })) as Json[]
    const since = Math.min(...waiting.map(({ WhenChangedUTC }) => Math.floor(Date.parse(WhenChangedUTC) / 1000)))
    const moment = new Date(since * 1000).toISOString().replace('.000', '')
    const old = all.filter(({ ClientType, ClientVersion }) => ClientType === 'EAS' && Number(ClientVersion) < 16.1)
    for (const fact of [
      `${all.length.toLocaleString('en')} devices, by access state.`,
      `Longest in quarantine, at least since\n{{DATE(${moment}, SHORT)}}`,
      'new devices: 3; devices quarantined by the rule “iPhone17C3(DeviceModel)”: 2; devices with Exchange ActiveSync below 16.1: 1',
      'Wipes\n1 open, 1 acknowledged this week',
      `Legacy\n${old.length} with Exchange ActiveSync below 16.1`,
      '✓\nContoso: read ',
    ])
      assert.ok(text.includes(fact), `${fact} is not in:\n${text}`)
    const [, n, hash = 'none'] = /Audit\n(\d+):([0-9a-f]{16})\n/.exec(text) ?? []
    const record = (await desk.audit()).find((one) => one.n === Number(n))
    assert.ok(record?.hash.startsWith(hash), text)
  }).timeout(120_000)
})

describe('a digest', () => {
  const now = new Date('2026-11-23T10:00:00Z')
  const ago = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString()
  const device = (guid: string, mailbox: string, more: Partial<Device> = {}): Device => ({
    ...{ connector: 'Contoso', guid, deviceId: guid, mailbox, type: 'iPhone', state: 'Allowed' },
    ...more,
  })
  const seen = (days: number) => ({ read: ago(0), lastSync: ago(days), wipe: {}, accountWipe: {} })
  const event = (n: number, days: number, collection: string): Published => ({
    ...deviceEvent(`e${n}`, 'a', { at: ago(days), group: 'devices told of' }),
    ...{ n, subject: { of: 'device', connector: 'Contoso', guid: 'a', collections: [allDevices, collection] } },
  })
  const requestOf = (guid: string, status: object): Json => ({
    subject: { kind: 'wipe', connector: 'Contoso', guid },
    status,
  })

  async function digestOf(collection: string): Promise<string> {
    const inventory = await createInventory({ store: memoryStore(), now: () => now })
    const sync = inventory.begin('Contoso')
    const owners = ['berlin', 'paris'].map((name) => ({ name, displayName: name, alias: name, mailbox: name }))
    await sync.owners(owners.map((owner) => ({ ...owner, connector: 'Contoso' })))
    await sync.devices([
      device('a', 'berlin', { statistics: seen(31), clientType: 'EAS', clientVersion: '14.1' }),
      device('b', 'berlin', { statistics: seen(29), clientType: 'EAS', clientVersion: '16.1' }),
      device('c', 'berlin', { state: 'Quarantined', changed: ago(3) }),
      device('d', 'berlin', { state: 'Quarantined', firstSync: ago(4) }),
      device('e', 'paris', { statistics: seen(90), state: 'Quarantined', changed: ago(50) }),
    ])
    await sync.complete()
    await inventory.collections.put({ name: 'Berlin', parent: allDevices, rule: 'user = "berlin"' })
    const requests = [
      ...['waiting', 'handed', 'denied', 'acknowledged'].map((state) => requestOf('a', { state, at: ago(6) })),
      requestOf('b', { state: 'acknowledged', at: ago(8) }),
      requestOf('e', { state: 'waiting' }),
      requestOf('gone', { state: 'waiting' }),
    ]
    const context = {
      inventory,
      now: () => now,
      requests: { all: async () => requests },
      rights: { reach: () => [allDevices] },
      subscriptions: { mayCover: () => true },
      connectors: { all: () => [] },
      audit: { head: () => ({ n: 7, hash: '0123456789abcdef00' }) },
      outbox: {
        async *all() {
          yield* [event(1, 8, 'Berlin'), event(2, 6, 'Berlin'), event(3, 1, 'Berlin'), event(4, 1, 'Paris')]
        },
      },
    } as unknown as Context
    const { data } = (await digest.check({ collection })(context, undefined)) as Json
    const facts = [...data.times, ...data.facts].map(({ label, value, at }: Json) => `${label}: ${value ?? at}`)
    return [data.text, ...facts].join('\n')
  }

  it('is of this week and of one collection', async () => {
    assert.equal(
      await digestOf('Berlin'),
      [
        '4 devices in Berlin, by access state.',
        `Longest in quarantine, at least since: ${ago(4)}`,
        'This week: devices told of: 2',
        'Wipes: 2 open, 1 acknowledged this week',
        'Silent: 1 for 30 days, not known of 2',
        'Legacy: 1 with Exchange ActiveSync below 16.1',
        'Audit: 7:0123456789abcdef',
      ].join('\n'),
    )
  })

  it('is of the whole fleet', async () => {
    const text = await digestOf(allDevices)
    for (const fact of ['5 devices, by', `since: ${ago(50)}`, 'told of: 3', '4 open, 1 ack', '2 for 30 days'])
      assert.ok(text.includes(fact), `${fact} is not in:\n${text}`)
  })
})
