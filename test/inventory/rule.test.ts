import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isBotError } from '../../src/errors.ts'
import { fieldsOf, parseRule, type Reader, type Rule, testOf, textFields } from '../../src/inventory/rule.ts'

type Subject = Readonly<Record<string, string | undefined>> & { readonly daysSinceSync?: string | undefined }

const reader: Reader<Subject> = {
  text: Object.fromEntries(
    textFields.map((field) => [field, (subject: Subject) => subject[field]]),
  ) as Reader<Subject>['text'],
  days: ({ daysSinceSync }) => (daysSinceSync === undefined ? undefined : Number(daysSinceSync)),
}
const holds = (rule: string, subject: Subject) => testOf(parseRule(rule), reader)(subject)

describe('inventory: the rules of collections', () => {
  const phone: Subject = {
    connector: 'Contoso',
    os: 'iOS 15.8 19H370',
    model: 'iPhone "X"',
    state: 'Allowed',
    ou: 'contoso.com/Users/Sales',
    user: 'José',
    daysSinceSync: '31',
  }
  const trueRules = [
    'os startsWith "iOS 15"',
    'os startsWith "ios 15" and connector = "contoso"',
    'os STARTSWITH “iOS 15” AND connector = Contoso',
    'model = "iPhone \\"X\\""',
    'user = "jose"',
    'state != Blocked',
    'type != "iPhone"',
    'not type = "iPhone"',
    'state in (Blocked, "Allowed")',
    'model contains phone',
    'connector = X or connector = Contoso and state = Allowed',
    '(connector = X or connector = Contoso) and not (state = Blocked or state = Quarantined)',
    'ou startsWith "contoso.com/Users"',
    'ou startsWith "contoso.com/Users/"',
    'ou = "contoso.com/users/sales"',
    'daysSinceSync > 30 and daysSinceSync <= 31 and daysSinceSync != 30 and daysSinceSync >= 31',
  ]
  for (const rule of trueRules) it(`is true: ${rule}`, () => assert.equal(holds(rule, phone), true))

  const falseRules = [
    'type = "iPhone"',
    'type startsWith "i"',
    'type contains "i"',
    'type in ("iPhone")',
    'ou startsWith "contoso.com/User"',
    'daysSinceSync < 31',
    'connector = Contoso and state = Blocked',
    'not connector = Contoso or state = Blocked',
  ]
  for (const rule of falseRules) it(`is false: ${rule}`, () => assert.equal(holds(rule, phone), false))

  it('counts a device that was never seen to sync as neither old nor young', () => {
    assert.equal(holds('daysSinceSync > 30', {}), false)
    assert.equal(holds('daysSinceSync <= 30', {}), false)
  })

  const mistakes = [
    ['', 'it ends where I expect a field'],
    ['modell = "X"', 'at character 1 it says “modell” where I expect a field (connector, user,'],
    ['os startsWith "iOS 15" and', 'it ends where I expect a field'],
    ['os "iOS"', 'at character 4 it says “iOS” where I expect an operator (=, !=, startsWith, contains, in)'],
    ['os > 3', 'at character 4 it says “>” where I expect an operator'],
    ['os = ', 'it ends where I expect a text in quotes'],
    ['os = ""', 'it ends where I expect a text in quotes'],
    ['os = iOS 15', 'at character 10 it says “15” where I expect “and”, “or” or the end'],
    ['os = "iOS', 'at character 6 it says “"” where I expect a field, an operator or a text in quotes'],
    ['(os = a', 'it ends where I expect “and”, “or” or a closing parenthesis'],
    ['os in a', 'at character 7 it says “a” where I expect a list such as ("iPhone", "iPad")'],
    ['os in (a b)', 'at character 10 it says “b” where I expect a comma or a closing parenthesis'],
    ['os in ()', 'at character 8 it says “)” where I expect a text in quotes'],
    ['daysSinceSync > soon', 'at character 17 it says “soon” where I expect a number of days'],
    ['  os = a )', 'at character 10 it says “)” where I expect “and”, “or” or the end'],
    [`${'('.repeat(40)}os = a`, 'at character 32 it says “(” where I expect fewer parentheses'],
    [`os = ${'a'.repeat(3000)}`, 'at character 2001 it says “a” where I expect at most 2000 characters'],
  ] as const
  for (const [rule, says] of mistakes)
    it(`says where it cannot go on: ${rule.slice(0, 40)}`, () => {
      assert.throws(
        () => parseRule(rule),
        (error) =>
          isBotError(error, 'RULE_UNREADABLE') &&
          error.message.includes(says) &&
          error.message.endsWith('write for example os startsWith "iOS 15" and connector = "Contoso".'),
      )
    })

  it('names the fields that a rule asks for', () => {
    const rule = parseRule('not (os = a or model in (b)) and daysSinceSync > 3 and connector != c')
    assert.deepEqual([...fieldsOf(rule)].sort(), ['connector', 'daysSinceSync', 'model', 'os'])
  })

  const leaf = fc.oneof(
    fc.record({
      kind: fc.constant('text' as const),
      field: fc.constantFrom(...textFields),
      operator: fc.constantFrom('=', '!=', 'startsWith', 'contains'),
      values: fc.string({ minLength: 1, maxLength: 6 }).map((value) => [value]),
    }),
    fc.record({
      kind: fc.constant('age' as const),
      operator: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      days: fc.nat(400),
    }),
  )
  const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
    rule: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.record({ kind: fc.constant('not' as const), rule: tie('rule') }),
      fc.record({
        kind: fc.constantFrom('and', 'or'),
        rules: fc.array(tie('rule'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  }))
  const written = (one: Rule): string => {
    switch (one.kind) {
      case 'and':
      case 'or':
        return `(${one.rules.map(written).join(` ${one.kind} `)})`
      case 'not':
        return `not ${written(one.rule)}`
      case 'text':
        return `${one.field} ${one.operator} "${one.values[0]?.replace(/["“”„\\]/g, '\\$&')}"`
      case 'age':
        return `daysSinceSync ${one.operator} ${one.days}`
    }
  }

  it('reads every rule that can be written, as it was meant', () => {
    fc.assert(fc.property(rule, (one) => assert.deepEqual(parseRule(written(one)), JSON.parse(JSON.stringify(one)))))
  })

  it('refuses anything else with its own error', () => {
    const noise = fc.array(
      fc.constantFrom('os', '=', '"', '(', ')', 'and', 'not', 'in', ',', 'a', '\\', '“', ' ', '🙂'),
    )
    fc.assert(
      fc.property(noise, (parts) => {
        try {
          parseRule(parts.join(' '))
        } catch (error) {
          assert.ok(isBotError(error, 'RULE_UNREADABLE'))
        }
      }),
    )
  })
})
