import assert from 'node:assert/strict'
import { isEqual, type Kind } from '../../../src/connector/policy/kinds.ts'
import { parameterOf, settings, standardOf } from '../../../src/connector/policy/settings.ts'

/** Settings by the words that they take, and what Exchange gets; then words that they refuse. */
const cases: Record<string, { takes: Record<string, unknown>; refuses: string[] }> = {
  PasswordEnabled: { takes: { true: true, FALSE: false, $true: true }, refuses: ['yes', '1', '', 'tru'] },
  PushWhenRoaming: { takes: { true: false, false: true }, refuses: ['sometimes'] },
  PasswordComplexity: { takes: { Pin: false, strong: true }, refuses: ['true', 'weak'] },
  Bluetooth: { takes: { handsfreeonly: 'HandsfreeOnly', Disable: 'Disable' }, refuses: ['true', 'Handsfree'] },
  MaximumEmailAge: { takes: { all: 'All', OneMonth: 'OneMonth' }, refuses: ['SixMonths', '3'] },
  MaximumCalendarAge: { takes: { SixMonths: 'SixMonths' }, refuses: ['OneDay'] },
  MinimumPasswordLength: { takes: { 1: 1, 16: 16, blank: null }, refuses: ['0', '17', '-1', '4.5', 'Unlimited'] },
  WipeAfterFailedAttempt: { takes: { 4: '4', 16: '16', unlimited: 'Unlimited' }, refuses: ['3', '17', 'never'] },
  PasswordHistory: { takes: { 0: 0, 50: 50 }, refuses: ['-1', '51', 'Unlimited'] },
  MinimumComplexChar: { takes: { 1: 1, 4: 4 }, refuses: ['0', '5'] },
  MaximumIdleTimeMins: {
    takes: { 1: '00:01:00', '15 minutes': '00:15:00', 60: '01:00:00', Unlimited: 'Unlimited' },
    refuses: ['0', '61', '00:15:00', '15 days'],
  },
  PasswordExpiration: {
    takes: { '1 day': '1.00:00:00', 51: '51.00:00:00', 730: '730.00:00:00' },
    refuses: ['0', '731', '1.5'],
  },
  RefreshHours: { takes: { 1: '01:00:00', 25: '1.01:00:00', 8760: '365.00:00:00' }, refuses: ['0', '8761'] },
  MaximumSizeAttachment: {
    takes: { 0: '0', '4 KB': '4096', 2097151: '2147482624' },
    refuses: ['2097152', '4 MB', '-1'],
  },
  BlockedApplication: {
    takes: { 'a.exe, b.exe': ['a.exe', 'b.exe'], none: null },
    refuses: ['', ' , ', 'x'.repeat(257)],
  },
}

const kindOf = (name: string): Kind => {
  const setting = settings.find((one) => one.name === name)
  assert.ok(setting, name)
  return setting.kind
}

describe('a setting', () => {
  for (const [name, { takes, refuses }] of Object.entries(cases)) {
    it(`${name} takes what is in range and hands Exchange its own form`, () => {
      for (const [text, written] of Object.entries(takes)) {
        const value = kindOf(name).parse(text)
        assert.ok(value !== undefined, `${name} takes ${text}`)
        assert.deepEqual(kindOf(name).write(value, '2013'), written)
      }
    })

    it(`${name} refuses what is of another type or out of range`, () => {
      for (const text of refuses) assert.equal(kindOf(name).parse(text), undefined, `${name} refuses ${text}`)
    })
  }

  it('reads back what it wrote, in both generations', () => {
    for (const { name, kind, standard } of settings)
      for (const generation of ['2010', '2013'] as const)
        for (const value of [standard, ...Object.keys(cases[name]?.takes ?? {}).map((text) => kind.parse(text))]) {
          if (value === undefined) continue
          const back = kind.read(kind.write(value, generation), generation)
          assert.ok(back !== undefined && isEqual(back, value), `${name} ${value} in ${generation}: ${back}`)
          assert.ok(isEqual(kind.parse(kind.show(value)) ?? 'nothing', value), `${name} shows ${kind.show(value)}`)
        }
  })

  it('reads the forms in which Exchange shows things', () => {
    for (const [name, shown, value] of [
      ['MaximumSizeAttachment', '4 KB (4,096 bytes)', 4],
      ['MaximumSizeAttachment', '4 KB (4.096 bytes)', 4],
      ['MaximumSizeAttachment', '1.5 MB (1,572,864 bytes)', 1536],
      ['MaximumSizeAttachment', '2MB', 2048],
      ['MaximumSizeAttachment', 512, 0.5],
      ['PasswordExpiration', '1.12:00:00', 1.5],
      ['MaximumIdleTimeMins', '00:00:30', 0.5],
      ['WipeAfterFailedAttempt', 8, 8],
      ['WipeAfterFailedAttempt', 'unlimited', 'Unlimited'],
      ['MinimumPasswordLength', null, 'Blank'],
      ['PasswordEnabled', 'True', true],
      ['PasswordEnabled', undefined, undefined],
      ['Bluetooth', 'Sometimes', undefined],
      ['MaximumIdleTimeMins', 'soon', undefined],
      ['BlockedApplication', 'a.exe', ['a.exe']],
      ['BlockedApplication', null, []],
    ] as const)
      assert.deepEqual(kindOf(name).read(shown, '2013'), value, `${name} ${shown}`)
  })

  it('keeps a value of Exchange that lies between two units', () => {
    for (const [name, shown] of [
      ['MaximumIdleTimeMins', '00:00:30'],
      ['PasswordExpiration', '1.12:00:00'],
      ['RefreshHours', '00:10:00'],
      ['MaximumSizeAttachment', '4097'],
    ] as const) {
      const value = kindOf(name).read(shown, '2013')
      assert.ok(value !== undefined)
      assert.equal(kindOf(name).write(value, '2013'), shown)
    }
  })

  it('counts the size of mail in KB for Exchange 2010 and in bytes for all later ones', () => {
    const { write, read } = kindOf('MaximumSizeTextEmail')
    assert.deepEqual([write(4, '2010'), write(4, '2013')], ['4', '4096'])
    assert.deepEqual([read('4', '2010'), read('4096', '2013')], [4, 4])
    assert.equal(kindOf('MaximumSizeAttachment').write(4, '2010'), '4096')
  })
})

describe('the table of settings', () => {
  it('has every name and every parameter once', () => {
    const unique = (names: readonly string[]) =>
      assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length)
    unique(settings.flatMap(({ name, aliases = [] }) => [name, ...aliases]))
    for (const generation of ['2010', '2013'] as const)
      unique(settings.map((setting) => parameterOf(setting, generation)))
  })

  it('has defaults that each setting takes', () => {
    for (const setting of settings)
      for (const generation of ['2010', '2013'] as const) {
        const standard = standardOf(setting, generation)
        assert.ok(isEqual(setting.kind.parse(setting.kind.show(standard)) ?? 'nothing', standard), setting.name)
      }
  })
})
