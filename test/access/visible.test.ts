import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pino } from 'pino'
import type { RightsChange } from '../../src/access/changes.ts'
import type { Reply } from '../../src/cards/card.ts'
import { createCards } from '../../src/cards/draw.ts'
import { commands } from '../../src/commands/commands.ts'
import type { Device, Owner } from '../../src/inventory/device.ts'
import { createPipeline } from '../../src/pipeline.ts'
import { queryOf, resultOf } from '../../src/teams/extension.ts'
import { add, grant, idOf, type Site, startSite, tenant } from './site.ts'

const connectors = ['Contoso', 'Fabrikam'] as const
const names = ['adele', 'bruno', 'carla', 'dmitri', 'emma'] as const
const aliasOf = (name: string, connector: string) => `${name}.of.${connector}`.toLowerCase()
const cards = createCards(new URL('../../cards/', import.meta.url))
const signal = new AbortController().signal

/** Everybody has two phones in each organization; nothing of one can be mistaken for something of another. */
const fleet = connectors.flatMap((connector, c) =>
  names.flatMap((name, n) => {
    const address = `${name}@${connector.toLowerCase()}.example`
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
const number = fc.integer({ min: 1001, max: 1005 }).map((n) => `R${n}`)
const words = fc.oneof(
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
  number.map((id) => `request ${id}`),
)

/** Presses on buttons that cards of others show, by hand or by Teams itself. */
const pressed = fc
  .tuple(
    fc.oneof(
      anything.map((text) => ({ verb: 'find', data: { text, rows: 100 } })),
      fc.record({
        verb: fc.constantFrom('device', 'block', 'allow', 'reset', 'wipe', 'wipe-account', 'cancel-wipe', 'delete'),
        data: anything.map((ref) => ({ ref })),
      }),
      anything.map((text) => ({ verb: 'user', data: { text } })),
      fc.record({
        verb: fc.constantFrom('request', 'request-devices', 'approve', 'deny'),
        data: number.map((id) => ({ id })),
      }),
      fc.constantFrom('all', 'open').map((which) => ({ verb: 'requests', data: { which, rows: 100 } })),
      fc.constantFrom('access', 'os', 'wipes').map((which) => ({ verb: 'report', data: { which, csv: 'csv' } })),
    ),
    fc.boolean(),
  )
  .map(([press, automatic]) => ({ ...press, automatic }))

/** A search in the compose box, as Teams sends it. */
const searched = anything.map((text) => ({ commandId: 'find', parameters: [{ name: 'text', value: text }] }))

const asked = fc.oneof(
  words.map((line) => ({ by: 'words' as const, request: { words: line }, typed: line })),
  pressed.map((request) => ({ by: 'press' as const, request, typed: JSON.stringify(request.data) })),
  searched.map((query) => ({ by: 'search' as const, request: queryOf(query), typed: JSON.stringify(query) })),
)

/** All that a door lets out of an answer: in chat and in the tab, as a card, as data and as a file, or as hits of a search. */
const shownBy = (by: 'words' | 'press' | 'search', reply: Reply): string =>
  JSON.stringify(
    by === 'search'
      ? resultOf(reply, cards)
      : [
          reply,
          cards.draw(reply, { shared: false, within: 'tab' }),
          cards.plain(reply),
          [...(reply.file?.rows() ?? [])],
        ],
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

  it('is never of a device outside their collections, whatever they write, press or search for', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(rule, { minLength: 1, maxLength: 2 }),
        fc.array(asked, { minLength: 5 }),
        async (rules, asks) => {
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
                exempt: async () => {},
              },
              rules: { known: () => undefined },
              settings: { APPROVALS: 1, RIGHTS_APPROVAL: 'on', BRAKE: {}, MASS_CHANGE: 25 },
              now: () => new Date(),
            } as never,
            commands,
            refused: async () => {},
            log: pino({ level: 'silent' }),
          })
          for (const { by, request, typed } of asks) {
            assert.ok(request)
            const { reply, failure } = await ask({
              caller: { tenant, id: idOf(name), name, addresses: async () => [] },
              scope: 'personal',
              request,
              signal,
            })
            assert.notEqual(failure?.code, 'INTERNAL', `${by} ${typed}: ${failure?.cause}`)
            const said = shownBy(by, reply)
            for (const trace of hidden)
              if (!typed.includes(trace)) assert.ok(!said.includes(trace), `${by} “${typed}” tells ${trace}: ${said}`)
            if (typed === 'status') assert.match(said, new RegExp(`"${inside.length} devices?"`))
          }
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 40) },
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
