import assert from 'node:assert/strict'
import fc from 'fast-check'
import { evaluate } from '../../../src/connector/rules/evaluate.ts'
import { type AccessWish, after, levels, type OrganizationAccess, stepsTo } from '../../../src/connector/rules/rule.ts'
import { affectedTable, simulate } from '../../../src/connector/rules/simulate.ts'
import type { Device, Owner } from '../../../src/inventory/device.ts'
import { evaluateAccess } from '../../../src/sandbox/exchange/contact.ts'
import { populate } from '../../../src/sandbox/exchange/fleet/fleet.ts'
import { createRandom } from '../../../src/sandbox/exchange/fleet/random.ts'
import type { Mailbox, Organization, Device as Phone } from '../../../src/sandbox/exchange/model.ts'
import { createOrganization } from '../../../src/sandbox/exchange/organization.ts'
import { createPolicy } from '../../../src/sandbox/exchange/policy.ts'
import { products } from '../../../src/sandbox/exchange/version.ts'

const now = Date.UTC(2026, 10, 23)
const signal = new AbortController().signal
const guid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** An organization of the sandbox with some phones, of its own making. */
function found(seed: number, phones: number): Organization {
  const policy = createPolicy('Default', now, true)
  const organization = createOrganization({ name: 'Random', kind: 'online', version: products.online, policy, now })
  populate(organization, phones, createRandom(seed), now)
  return organization
}

const ownerOf = ({ guid: mailbox, name, displayName, allowed, blocked }: Mailbox): Owner => ({
  connector: 'Random',
  mailbox,
  name,
  displayName,
  allowed: [...allowed],
  blocked: [...blocked],
})

const deviceOf = (phone: Phone): Device => ({
  connector: 'Random',
  guid: phone.guid,
  deviceId: phone.deviceId,
  mailbox: phone.mailbox,
  type: phone.type,
  ...(phone.model !== undefined && { model: phone.model }),
  ...(phone.os !== undefined && { os: phone.os }),
  ...(phone.userAgent !== undefined && { userAgent: phone.userAgent }),
  clientType: phone.clientType,
  clientVersion: phone.clientVersion,
  state: phone.state,
  reason: phone.reason,
})

const accessOf = ({ rules, settings }: Organization): OrganizationAccess => ({
  rules: [...rules.values()].map(({ guid: id, level, characteristic, query }) => ({
    guid: id,
    name: `${query}(${characteristic})`,
    level,
    characteristic,
    query,
  })),
  defaultLevel: settings.defaultAccessLevel,
})

const properties = ['DeviceModel', 'DeviceType', 'DeviceOS', 'UserAgent', 'XMSWLHeader'] as const
const shownBy = (phone: Phone, name: (typeof properties)[number]) =>
  ({
    DeviceModel: phone.model,
    DeviceType: phone.type,
    DeviceOS: phone.os,
    UserAgent: phone.userAgent,
    XMSWLHeader: 'x',
  })[name]

/** A number that picks one of many. */
const pick = fc.nat({ max: 1_000_000 })
const level = fc.constantFrom(...levels)
const rule = fc.record({
  level,
  characteristic: fc.constantFrom(...properties),
  phone: pick,
  spelling: fc.constantFrom('same', 'upper', 'part', 'spaced'),
})
const spelled = (text: string, how: string) =>
  how === 'upper' ? text.toUpperCase() : how === 'part' ? text.slice(0, -1) : how === 'spaced' ? ` ${text}` : text

const organizations = fc
  .record({
    seed: pick,
    rules: fc.array(rule, { maxLength: 8 }),
    exempt: fc.array(fc.record({ phone: pick, allowed: fc.boolean(), blocked: fc.boolean(), upper: fc.boolean() }), {
      maxLength: 10,
    }),
    elsewhere: fc.array(
      fc.record({
        phone: pick,
        reason: fc.constantFrom('ExternallyManaged', 'ExternalCompliance', 'ExternalEnrollment'),
      }),
      { maxLength: 4 },
    ),
    defaultLevel: level,
  })
  .map(({ seed, rules, exempt, elsewhere, defaultLevel }) => {
    const organization = found(seed, 40)
    const phones = () => [...organization.devices.values()]
    const phoneAt = (at: number) => phones()[at % phones().length]
    organization.settings = { ...organization.settings, defaultAccessLevel: defaultLevel }
    for (const [n, one] of rules.entries()) {
      const phone = phoneAt(one.phone)
      const query = spelled(phone ? (shownBy(phone, one.characteristic) ?? 'nothing') : 'nothing', one.spelling)
      organization.rules.set(guid(n), {
        guid: guid(n),
        level: one.level,
        characteristic: one.characteristic,
        query,
        created: now,
        changed: now,
      })
    }
    for (const { phone: at, allowed, blocked, upper } of exempt) {
      const phone = phoneAt(at)
      const mailbox = phone && organization.mailboxes.get(phone.mailbox)
      if (!mailbox) continue
      const id = upper ? phone.deviceId.toUpperCase() : phone.deviceId
      organization.putMailbox({
        ...mailbox,
        allowed: allowed ? [...mailbox.allowed, id] : mailbox.allowed,
        blocked: blocked ? [...mailbox.blocked, id] : mailbox.blocked,
      })
    }
    for (const { phone: at, reason } of elsewhere) {
      const phone = phoneAt(at)
      if (phone) organization.putDevice({ ...phone, state: 'Blocked', reason, changed: now })
    }
    return organization
  })

const mailboxOf = (organization: Organization, phone: Phone): Mailbox => {
  const mailbox = organization.mailboxes.get(phone.mailbox)
  assert.ok(mailbox)
  return mailbox
}

describe('the access evaluator', () => {
  it('decides as the sandbox Exchange does, which has an evaluation of its own', () => {
    fc.assert(
      fc.property(organizations, (organization) => {
        const access = accessOf(organization)
        for (const phone of organization.devices.values()) {
          const mailbox = mailboxOf(organization, phone)
          const theirs = evaluateAccess(organization, mailbox, phone)
          const ours = evaluate(deviceOf(phone), ownerOf(mailbox), access)
          assert.equal(ours.state, theirs.state)
          const by = { elsewhere: theirs.reason, exemption: 'Individual', rule: 'DeviceRule', default: 'Global' }[
            ours.by
          ]
          assert.equal(by, theirs.reason)
          if (ours.by === 'rule') assert.equal(ours.rule.name, theirs.rule)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('leaves what the mailbox policy, the automatic block and Intune decided', () => {
    const access = { rules: [], defaultLevel: 'Allow' } as const
    const owner = { connector: 'Random', mailbox: 'm', name: 'm', displayName: 'M', allowed: ['phone'] }
    const device = {
      connector: 'Random',
      guid: guid(1),
      deviceId: 'phone',
      mailbox: 'm',
      type: 'iPhone',
      state: 'Blocked',
    }
    for (const reason of ['Policy', 'CommandFrequency', 'ExternalCompliance', 'ExternalUnheardOf'])
      assert.deepEqual(evaluate({ ...device, reason }, owner, access), { by: 'elsewhere', state: 'Blocked', reason })
    for (const reason of ['Upgrade', 'Global', 'Unknown', 'Individual'])
      assert.deepEqual(evaluate({ ...device, reason }, owner, access), { by: 'exemption', state: 'Allowed' })
  })
})

const characteristic = fc.constantFrom('DeviceModel', 'DeviceType', 'DeviceOS', 'UserAgent' as const)
const wishes = fc.oneof(
  fc.record({ kind: fc.constant('default' as const), level }),
  fc.record({ kind: fc.constant('remove' as const), at: pick }),
  fc.record({ kind: fc.constant('add' as const), level, characteristic, phone: pick, replaces: fc.option(pick) }),
)

function wishFor(
  organization: Organization,
  wish: typeof wishes extends fc.Arbitrary<infer W> ? W : never,
): AccessWish {
  const rules = [...organization.rules.keys()]
  const phones = [...organization.devices.values()]
  if (wish.kind === 'default') return wish
  if (wish.kind === 'remove') return { kind: 'remove', guid: rules[wish.at % rules.length] ?? guid(99) }
  const phone = phones[wish.phone % phones.length]
  const replaces = wish.replaces === null ? undefined : rules[wish.replaces % rules.length]
  const { level: wanted, characteristic: looks } = wish
  return {
    kind: 'add',
    level: wanted,
    characteristic: looks,
    query: (phone && shownBy(phone, looks)) || 'nothing',
    replaces,
  }
}

/** What the sandbox would do: the change made in it, then each phone judged anew. */
function judgeAll(organization: Organization, access: OrganizationAccess) {
  const rules = new Map(
    access.rules.map(({ guid: id, level: wanted, characteristic: looks, query }, n) => {
      const characteristic = properties.find((one) => one === looks) ?? 'DeviceModel'
      const key = id || guid(1000 + n)
      return [key, { guid: key, level: wanted, characteristic, query, created: now, changed: now }]
    }),
  )
  const settings = { ...organization.settings, defaultAccessLevel: access.defaultLevel }
  const then = { ...organization, rules, settings }
  return [...organization.devices.values()].map(
    (phone) => evaluateAccess(then, mailboxOf(organization, phone), phone).state,
  )
}

describe('a simulation', () => {
  it('counts just the devices that the sandbox Exchange would bring into another state', async () => {
    await fc.assert(
      fc.asyncProperty(organizations, wishes, async (organization, raw) => {
        const before = accessOf(organization)
        const steps = stepsTo(before, wishFor(organization, raw))
        const devices = [...organization.devices.values()].map(deviceOf)
        const owners = new Map([...organization.mailboxes.values()].map((mailbox) => [mailbox.guid, ownerOf(mailbox)]))
        const fleet = {
          connector: 'Random',
          devices: () => devices,
          ownerOf: ({ mailbox }: Device) => owners.get(mailbox) ?? assert.fail('no owner'),
        }
        const { moves, worse } = await simulate(before, steps, fleet, { maySee: () => true }, signal)
        const [was, is] = [judgeAll(organization, before), judgeAll(organization, after(before, steps))]
        const expected = new Map<string, number>()
        let lost = 0
        for (const [n, from] of was.entries()) {
          const to = is[n]
          if (from === to) continue
          expected.set(`${from} → ${to}`, (expected.get(`${from} → ${to}`) ?? 0) + 1)
          if (to === 'Blocked' || (to === 'Quarantined' && from !== 'Blocked')) lost += 1
        }
        assert.deepEqual([...moves].sort(), [...expected].sort())
        assert.equal(worse, lost)
        assert.equal(
          [...affectedTable(before, steps, fleet, () => true).rows()].length,
          [...expected.values()].reduce((sum, one) => sum + one, 0),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('lets others be answered in between, and ends when nobody waits any more', async () => {
    const device = {
      connector: 'Random',
      guid: guid(1),
      deviceId: 'a',
      mailbox: 'm',
      type: 'iPhone',
      state: 'Allowed',
      reason: 'Global',
    }
    const fleet = {
      connector: 'Random',
      devices: () => Array<Device>(20_000).fill(device),
      ownerOf: () => ({ connector: 'Random', mailbox: 'm', name: 'm', displayName: 'M' }),
    }
    const access = { rules: [], defaultLevel: 'Allow' } as const
    let answered = 0
    const others = setInterval(() => answered++, 0)
    const { moves } = await simulate(
      access,
      [{ do: 'default', level: 'Block' }],
      fleet,
      { maySee: () => false },
      signal,
    )
    clearInterval(others)
    assert.equal(moves.get('Allowed → Blocked'), 20_000)
    assert.ok(answered > 0)
    await assert.rejects(simulate(access, [], fleet, { maySee: () => true }, AbortSignal.abort()), {
      name: 'AbortError',
    })
  })

  it('shows nobody a device that they may not see, on no page and in no file', async () => {
    const device = {
      connector: 'Random',
      guid: guid(1),
      deviceId: 'a',
      mailbox: 'm',
      type: 'iPhone',
      model: 'Phone',
      state: 'Allowed',
      reason: 'Global',
    }
    const owner = { connector: 'Random', mailbox: 'm', name: 'm', displayName: 'M', mail: '@m' }
    const fleet = {
      connector: 'Random',
      devices: () => [device, { ...device, connector: 'Other' }],
      ownerOf: () => owner,
    }
    const access = { rules: [], defaultLevel: 'Allow' } as const
    const steps = [{ do: 'default', level: 'Quarantine' }] as const
    const seen = await simulate(access, steps, fleet, { maySee: () => false }, signal)
    assert.deepEqual([seen.shown, seen.visible, seen.worse, seen.devices], [[], 0, 1, 1])
    assert.deepEqual([...affectedTable(access, steps, fleet, () => false).rows()], [])
    assert.deepEqual(
      [...affectedTable(access, steps, fleet, () => true).rows()],
      [['m_iPhone', 'M', '@m', 'Phone', '', 'Allowed', 'Quarantined', 'default access level', guid(1), 'Random']],
    )
  })

  it('has a page of devices after another', async () => {
    const devices = [1, 2, 3, 4, 5, 6, 7].map(
      (n): Device => ({
        connector: 'Random',
        guid: guid(n),
        deviceId: `${n}`,
        mailbox: 'm',
        type: 'iPhone',
        state: 'Allowed',
        reason: 'Global',
      }),
    )
    const owner = { connector: 'Random', mailbox: 'm', name: 'm', displayName: 'M' }
    const fleet = { connector: 'Random', devices: () => devices, ownerOf: () => owner }
    const pageOf = async (page: number) => {
      const steps = [{ do: 'default', level: 'Block' }] as const
      const maySee = ({ deviceId }: Device) => deviceId !== '2'
      const seen = await simulate({ rules: [], defaultLevel: 'Allow' }, steps, fleet, { maySee, page }, signal)
      return [seen.visible, seen.shown.map(({ device }) => device.deviceId).join('')]
    }
    assert.deepEqual(
      [await pageOf(1), await pageOf(2), await pageOf(3)],
      [
        [6, '13456'],
        [6, '7'],
        [6, ''],
      ],
    )
  })
})

describe('the way to a wish', () => {
  const access: OrganizationAccess = {
    defaultLevel: 'Allow',
    rules: [
      {
        guid: guid(1),
        name: 'iPhone9C3(DeviceModel)',
        level: 'Block',
        characteristic: 'DeviceModel',
        query: 'iPhone9C3',
      },
      {
        guid: guid(2),
        name: 'Android 9(DeviceOS)',
        level: 'Quarantine',
        characteristic: 'DeviceOS',
        query: 'Android 9',
      },
    ],
  }
  const add = { kind: 'add', characteristic: 'DeviceModel' } as const

  it('changes the level of a rule in place, whatever its capitals', () => {
    assert.deepEqual(stepsTo(access, { ...add, level: 'Allow', query: 'IPHONE9C3' }), [
      { do: 'set', guid: guid(1), level: 'Allow' },
    ])
    assert.deepEqual(stepsTo(access, { ...add, level: 'Block', query: 'iPhone9C3' }), [])
  })

  it('changes a text by adding the new rule before the old one goes', () => {
    assert.deepEqual(stepsTo(access, { ...add, level: 'Block', query: 'iPhone9C4', replaces: guid(1) }), [
      { do: 'add', level: 'Block', characteristic: 'DeviceModel', query: 'iPhone9C4' },
      { do: 'remove', guid: guid(1) },
    ])
    assert.deepEqual(stepsTo(access, { ...add, level: 'Allow', query: 'iPhone9C3', replaces: guid(1) }), [
      { do: 'set', guid: guid(1), level: 'Allow' },
    ])
  })

  it('is done when Exchange has it so, and goes on from where it stopped', () => {
    for (const wish of [
      { ...add, level: 'Block', query: 'iPhone9C4', replaces: guid(1) },
      { kind: 'remove', guid: guid(2) },
      { kind: 'default', level: 'Block' },
    ] as const) {
      const steps = stepsTo(access, wish)
      for (let taken = 0; taken <= steps.length; taken++)
        assert.deepEqual(
          stepsTo(after(access, steps.slice(0, taken)), wish).map((step) => step.do),
          steps.slice(taken).map((step) => step.do),
        )
    }
  })
})
