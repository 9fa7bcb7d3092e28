import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pino } from 'pino'
import type { RightsChange } from '../../src/access/changes.ts'
import { commands } from '../../src/commands/commands.ts'
import type { Device, Owner } from '../../src/inventory/device.ts'
import { createPipeline } from '../../src/pipeline.ts'
import { add, grant, idOf, type Site, startSite, tenant } from './site.ts'

const connectors = ['Contoso', 'Fabrikam'] as const
const names = ['adele', 'bruno', 'carla', 'dmitri', 'emma'] as const
const aliasOf = (name: string, connector: string) => `${name}.of.${connector}`.toLowerCase()
const signal = new AbortController().signal

/** Everybody has two phones in each organization; nothing of one can be mistaken for something of another. */
const fleet = connectors.flatMap((connector, c) =>
  names.flatMap((name, n) => {
    const address = `${name}@${connector.toLowerCase()}.com`
    const owner: Owner = {
      connector,
      mailbox: `mailbox-${c}-${n}`,
      name: aliasOf(name, connector),
      alias: aliasOf(name, connector),
      displayName: `${name} of ${connector}`,
      mail: address,
      upn: address,
      entraId: idOf(address),
      kind: 'UserMailbox',
    }
    const devices = [0, 1].map((k): Device => {
      const id = `${c}${n}${k}`
      return {
        connector,
        guid: `${id}abcde-0000-4000-8000-000000000${id}`,
        deviceId: `PHONE${id}`,
        mailbox: owner.mailbox,
        type: 'iPhone',
        model: 'iPhone16C1',
        clientType: 'EAS',
        clientVersion: '16.1',
        state: k === 0 ? 'Allowed' : 'Blocked',
      }
    })
    return devices.map((device) => ({ device, owner }))
  }),
)

/** What gives a phone away, in whatever card it stands. */
const tracesOf = ({ device, owner }: (typeof fleet)[number]) => [
  device.guid.slice(0, 8),
  device.deviceId,
  owner.displayName,
  owner.mail ?? '',
  owner.name,
]

const rule = fc.oneof(
  fc.constantFrom(...connectors).map((name) => `connector = ${name}`),
  fc.constantFrom(...fleet.map(({ owner }) => owner.name)).map((alias) => `user = ${alias}`),
  fc
    .tuple(fc.constantFrom(...connectors), fc.constantFrom(...names))
    .map(([connector, name]) => `connector = ${connector} and user = ${aliasOf(name, connector)}`),
)
const anything = fc.constantFrom(
  ...fleet.flatMap(({ device, owner }) => [device.guid, device.deviceId, owner.mail ?? '', owner.displayName]),
  ...names,
  'iPhone',
  '',
)
const asked = fc.oneof(
  anything.map((text) => `find ${text}`),
  fc.constantFrom('find state:Allowed', 'find connector:Contoso', 'find connector:Fabrikam page:2', 'status', 'help'),
  anything.map((text) => `device ${text}`),
  anything.map((text) => `user ${text}`),
  anything.map((text) => `block ${text}`),
  anything.map((text) => `wipe ${text}`),
  fc.constantFrom(
    'requests all',
    'requests open',
    'requests mine',
    'collections',
    'report access',
    'report os',
    'brake',
  ),
  fc.integer({ min: 1001, max: 1005 }).map((n) => `request R${n}`),
)

describe('what somebody sees', function () {
  this.timeout(120_000)

  let site: Site

  before(async () => {
    site = await startSite({
      first: [
        ['Fay', 'Full Administrator'],
        ['Sam', 'Security Administrator'],
        ['Hal', 'Helpdesk Operator'],
      ],
    })
    const { inventory, requests } = site.rooms()
    for (const { device, owner } of fleet) {
      await inventory.putOwner(owner)
      await inventory.put(device)
    }
    const hal = { tenant, id: idOf('Hal'), name: 'Hal', addresses: async () => [] }
    for (const n of [0, 3, 8, 13, 18]) {
      const found = fleet[n]
      assert.ok(found)
      await requests.askWipe(await requests.preview(found.device, 'wipe', hal, signal), hal, 'lost')
    }
  })
  after(() => site.close())

  let caller = 0

  it('is never of a device outside their collections, whatever they ask for', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(rule, { minLength: 1, maxLength: 2 }),
        fc.array(asked, { minLength: 5 }),
        async (rules, words) => {
          caller += 1
          const name = `Somebody ${caller}`
          for (const [n, one] of rules.entries()) {
            await site.change('Fay', 'Sam', add(`Collection ${caller}-${n}`, one))
            await site.change('Fay', 'Sam', grant(name, 'Helpdesk Operator', `Collection ${caller}-${n}`))
          }
          const { inventory, access, requests } = site.rooms()
          const rights = await site.rights(name)
          const inside = fleet.filter(({ device }) => rights.may(device, 'Collection.ReadResource'))
          assert.ok(inside.length > 0, rules.join())
          const known = new Set(inside.flatMap(tracesOf))
          const hidden = [...new Set(fleet.flatMap(tracesOf))].filter((trace) => !known.has(trace))
          const ask = createPipeline({
            desk: {
              inventory,
              access,
              requests,
              audit: { note() {}, record: async () => ({ n: 1 }), writable: () => true },
              connectors: {
                all: () => [],
                refresh() {},
                lack: () => undefined,
                canWipeAccount: () => true,
                has: () => true,
              },
              rules: { known: () => undefined },
              settings: { APPROVALS: 1, RIGHTS_APPROVAL: 'on', BRAKE: {}, MASS_CHANGE: 25 },
              now: () => new Date(),
            } as never,
            commands,
            refused: () => {},
            log: pino({ level: 'silent' }),
          })
          for (const line of words) {
            const { reply, failure } = await ask({
              caller: { tenant, id: idOf(name), name, addresses: async () => [] },
              scope: 'personal',
              request: { words: line },
              signal,
            })
            assert.notEqual(failure?.code, 'INTERNAL', `${line}: ${failure?.cause}`)
            const said = JSON.stringify(reply).replaceAll(line.slice(line.indexOf(' ') + 1), '…')
            for (const trace of hidden) assert.ok(!said.includes(trace), `“${line}” tells ${trace}: ${said}`)
            if (line === 'status') assert.match(said, new RegExp(`"${inside.length} devices?"`))
          }
        },
      ),
      { numRuns: 40 },
    ))

  it('changes at once with the collection', async () => {
    await site.change('Fay', 'Sam', add('Moving', 'connector = Contoso'))
    await site.change('Fay', 'Sam', grant('Mia', 'Helpdesk Operator', 'Moving'))
    const seen = async () => {
      const rights = await site.rights('Mia')
      return [
        ...new Set(
          fleet
            .filter(({ device }) => rights.may(device, 'Collection.ReadResource'))
            .map(({ device }) => device.connector),
        ),
      ]
    }
    assert.deepEqual(await seen(), ['Contoso'])
    const edit: RightsChange = {
      change: 'collection-edit',
      collection: { name: 'Moving', parent: 'All Mobile Devices', rule: 'connector = Fabrikam' },
    }
    await site.change('Fay', 'Sam', edit)
    assert.deepEqual(await seen(), ['Fabrikam'])
  })
})
