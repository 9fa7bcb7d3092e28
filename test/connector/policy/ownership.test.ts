import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isEqual, type SettingValue } from '../../../src/connector/policy/kinds.ts'
import {
  type Configured,
  driftOf,
  gravityOf,
  hazardsOf,
  plan,
  readValues,
  type Undo,
  type Wish,
  writeValues,
} from '../../../src/connector/policy/ownership.ts'
import {
  groups,
  parameterOf,
  type Setting,
  settings,
  settingsOf,
  type Values,
} from '../../../src/connector/policy/settings.ts'

/** Any value that a setting can have. */
function values({ kind, standard }: Setting): fc.Arbitrary<SettingValue> {
  const { input } = kind
  const typed = (text: fc.Arbitrary<string>) => text.map((one) => kind.parse(one) ?? standard)
  switch (input.kind) {
    case 'toggle':
      return fc.boolean()
    case 'choice':
      return fc.constantFrom(...input.choices)
    case 'number':
      return fc.integer({ min: input.low, max: input.high })
    case 'text':
      return typed(
        fc.oneof(fc.constant('Unlimited'), fc.constant('Blank'), fc.integer({ min: 0, max: 800 }).map(String)),
      )
    case 'long':
      return typed(fc.constantFrom('none', 'a.exe', 'b.exe, a.exe'))
  }
}

const some = (all: readonly Setting[]): fc.Arbitrary<Values> =>
  fc.subarray([...all]).chain((chosen) => fc.record(Object.fromEntries(chosen.map((one) => [one.name, values(one)]))))

const group = fc.constantFrom(...groups)
const wish: fc.Arbitrary<Wish> = fc.oneof(
  some(settings).map((set) => ({ kind: 'set' as const, values: set })),
  group.map((one) => ({ kind: 'clear' as const, group: one })),
  group.map((one) => ({ kind: 'accept' as const, group: one })),
  group.map((one) => ({ kind: 'take-back' as const, group: one })),
  fc.constant({ kind: 'undo' as const }),
)

/** Somebody uses Device Desk, or Exchange itself. */
const step = fc.oneof(
  { weight: 3, arbitrary: wish.map((one) => ({ by: 'us' as const, wish: one })) },
  { weight: 1, arbitrary: some(settings).map((set) => ({ by: 'exchange' as const, set })) },
)

const wholePolicy = fc.record(Object.fromEntries(settings.map((setting) => [setting.name, values(setting)])))
const groupOf = (name: string) => settings.find((setting) => setting.name === name)?.group

describe('the ownership of policy groups', () => {
  it('never names a parameter of a group that is not owned, and writes nothing but what was wished', () => {
    fc.assert(
      fc.property(wholePolicy, fc.array(step, { maxLength: 12 }), (first, steps) => {
        let exchange: Values = first
        let configured: Configured = {}
        let undo: Undo | undefined
        for (const one of steps) {
          if (one.by === 'exchange') {
            exchange = { ...exchange, ...one.set }
            continue
          }
          const owned = configured
          const next = plan(configured, undo, exchange, one.wish)
          for (const name of Object.keys(next.writes)) {
            const of = groupOf(name)
            assert.ok(of && (next.configured[of] ?? owned[of]), `${name} is of no group that is owned`)
            if (one.wish.kind === 'set') assert.ok(name in one.wish.values, `${name} was not wished`)
            if ('group' in one.wish) assert.equal(of, one.wish.group)
          }
          if (one.wish.kind === 'clear' || one.wish.kind === 'accept') assert.deepEqual(next.writes, {})
          exchange = { ...exchange, ...next.writes }
          ;({ configured, undo } = next)
          if (one.wish.kind === 'set' || one.wish.kind === 'undo')
            for (const [name, value] of Object.entries(next.writes))
              assert.ok(isEqual(exchange[name] ?? 'nothing', value))
          if ('group' in one.wish)
            assert.ok(
              driftOf(configured, exchange).every(
                ({ setting }) => !('group' in one.wish && setting.group === one.wish.group),
              ),
            )
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('takes a group over as it is: Exchange keeps every value but the one that was set', () => {
    fc.assert(
      fc.property(wholePolicy, fc.constantFrom(...settings), (exchange, setting) => {
        const wished = setting.standard
        const { configured, writes } = plan({}, undefined, exchange, {
          kind: 'set',
          values: { [setting.name]: wished },
        })
        assert.deepEqual(Object.keys(configured), [setting.group])
        assert.ok(Object.keys(writes).every((name) => name === setting.name))
        const after = { ...exchange, ...writes }
        for (const { name } of settingsOf(setting.group))
          assert.ok(isEqual(configured[setting.group]?.[name] ?? 'nothing', after[name] ?? 'nothing'), name)
      }),
    )
  })

  it('undoes a push to the last value, and undoes that again', () => {
    fc.assert(
      fc.property(wholePolicy, some(settings), (exchange, set) => {
        const first = plan({}, undefined, exchange, { kind: 'set', values: set })
        const after = { ...exchange, ...first.writes }
        const back = plan(first.configured, first.undo, after, { kind: 'undo' })
        const again = { ...after, ...back.writes }
        for (const { name } of settings) assert.ok(isEqual(again[name] ?? 'nothing', exchange[name] ?? 'nothing'), name)
        const redo = plan(back.configured, back.undo, again, { kind: 'undo' })
        for (const { name } of settings)
          assert.ok(isEqual({ ...again, ...redo.writes }[name] ?? 'nothing', after[name] ?? 'nothing'), name)
      }),
    )
  })

  it('gives a group back as it is when its taking over is undone', () => {
    const exchange = { PasswordEnabled: false, PasswordHistory: 0, Camera: true }
    const { configured, undo } = plan({}, undefined, exchange, { kind: 'set', values: { PasswordEnabled: true } })
    const back = plan(configured, undo, { ...exchange, PasswordEnabled: true }, { kind: 'undo' })
    assert.deepEqual([back.configured, back.writes], [{}, { PasswordEnabled: false }])
  })

  it('leaves alone what somebody changed in Exchange, until it is taken back or accepted', () => {
    const configured = { Password: { PasswordEnabled: true, PasswordHistory: 5 } }
    const shown = { PasswordEnabled: true, PasswordHistory: 9 }
    const set = plan(configured, undefined, shown, { kind: 'set', values: { PasswordEnabled: false } })
    assert.deepEqual(set.writes, { PasswordEnabled: false })
    assert.deepEqual(
      driftOf(configured, shown).map(({ setting, configured: ours, shown: theirs }) => [setting.name, ours, theirs]),
      [['PasswordHistory', 5, 9]],
    )
    assert.deepEqual(plan(configured, undefined, shown, { kind: 'take-back', group: 'Password' }).writes, {
      PasswordHistory: 5,
    })
    assert.equal(
      plan(configured, undefined, shown, { kind: 'accept', group: 'Password' }).configured.Password?.PasswordHistory,
      9,
    )
  })

  it('forgets how to undo what it gave back', () => {
    const undo = { configured: {}, values: { PasswordEnabled: false, Camera: true } }
    const configured = { Password: { PasswordEnabled: true }, Security: { Camera: false } }
    const given = plan(configured, undo, {}, { kind: 'clear', group: 'Password' })
    assert.deepEqual([given.configured, given.undo?.values], [{ Security: { Camera: false } }, { Camera: true }])
    assert.equal(plan(given.configured, given.undo, {}, { kind: 'clear', group: 'Security' }).undo, undefined)
  })

  it('does not own what nobody can read, and leaves it as it is', () => {
    const shown = readValues({ AllowBluetooth: 'Sometimes', AllowCamera: true }, '2013')
    assert.deepEqual(shown, { Camera: true })
    assert.deepEqual(plan({}, undefined, shown, { kind: 'set', values: { Camera: false } }).configured, {
      Security: { Camera: false },
    })
  })

  it('uses the names of each generation', () => {
    const written = { PasswordEnabled: true, MaximumIdleTimeMins: 15 }
    assert.deepEqual(writeValues(written, '2010'), {
      DevicePasswordEnabled: true,
      MaxInactivityTimeDeviceLock: '00:15:00',
    })
    assert.deepEqual(readValues(writeValues(written, '2013'), '2013'), written)
    for (const setting of settings) assert.ok(parameterOf(setting, '2010'))
  })
})

describe('the hazards of a change', () => {
  it('are said in plain words', () => {
    assert.match(hazardsOf({ AllowNonProvision: false }, {})[0] ?? '', /cut off/)
    assert.match(hazardsOf({ StorageCardEncrypt: true }, {})[0] ?? '', /DeviceEncryptionEnabled/)
    assert.match(hazardsOf({ WipeAfterFailedAttempt: 6 }, {})[0] ?? '', /erases itself.*6 wrong/)
    assert.match(hazardsOf({ PasswordHistory: 5 }, { PasswordEnabled: false })[0] ?? '', /no effect until/)
    assert.deepEqual(hazardsOf({ PasswordHistory: 5 }, { PasswordEnabled: true }), [])
    assert.match(hazardsOf({ Camera: false }, { AllowNonProvision: false })[0] ?? '', /cannot enforce/)
  })

  it('make two people necessary: always for what erases or cuts off, by number where devices may be cut off', () => {
    assert.equal(gravityOf({ WipeAfterFailedAttempt: 'Unlimited' }, {}), 'always')
    assert.equal(gravityOf({ AllowNonProvision: true }, {}), 'always')
    assert.equal(gravityOf({ Camera: false }, { AllowNonProvision: false }), 'by number')
    assert.equal(gravityOf({ Camera: true }, { AllowNonProvision: false }), 'none')
    assert.equal(gravityOf({ Camera: false }, { AllowNonProvision: true }), 'none')
  })
})
