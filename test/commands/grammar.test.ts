import assert from 'node:assert/strict'
import { commands } from '../../src/commands/commands.ts'
import { readLine, readUsage } from '../../src/commands/grammar.ts'
import { nearest } from '../../src/commands/nearest.ts'

const read = (usage: string, line: string) => readLine(readUsage(usage), line)

describe('the words of a command', () => {
  it('take their places, and the last argument takes the rest of the line', () => {
    const usage = '<ref> [reason]'
    assert.deepEqual(read(usage, 'adele_iPhone lost in a taxi'), { ref: 'adele_iPhone', reason: 'lost in a taxi' })
    assert.deepEqual(read(usage, '  adele_iPhone  '), { ref: 'adele_iPhone' })
    assert.deepEqual(read(usage, ''), {})
    assert.deepEqual(read('<text>', 'adele fontaine'), { text: 'adele fontaine' })
    assert.deepEqual(read('', 'anything at all'), {})
  })

  it('are grouped by quotes of any fashion', () => {
    const usage = '<ref> <reason>'
    for (const quoted of [
      '"Adele Fontaine"',
      '“Adele Fontaine”',
      '„Adele Fontaine“',
      '”Adele Fontaine”',
      '«Adele Fontaine»',
      '»Adele Fontaine«',
      '‘Adele Fontaine’',
      '‚Adele Fontaine‘',
      "'Adele Fontaine'",
    ])
      assert.deepEqual(read(usage, `${quoted} lost it`), { ref: 'Adele Fontaine', reason: 'lost it' })
    assert.deepEqual(read(usage, 'x "said: gone"'), { ref: 'x', reason: 'said: gone' })
    assert.deepEqual(read(usage, 'x she said "gone" twice'), { ref: 'x', reason: 'she said "gone" twice' })
    assert.deepEqual(read(usage, 'x "unclosed words'), { ref: 'x', reason: '"unclosed words' })
  })

  it('keep their apostrophes', () => {
    const usage = '<ref> <reason>'
    assert.deepEqual(read(usage, "d'Artagnan’s 'tis the boys' phone"), {
      ref: 'd’Artagnan’s'.replace('’', "'"),
      reason: "'tis the boys' phone",
    })
    assert.deepEqual(read(usage, "‘Ann O’Brien’ lost it, 'says' she"), {
      ref: 'Ann O’Brien',
      reason: "lost it, 'says' she",
    })
    assert.deepEqual(read(usage, "'t 'n 'x"), { ref: "'t", reason: "'n 'x" })
  })

  it('are options only where the command has that key, and before a free text', () => {
    const wipe = '<ref> [ticket:] <reason>'
    assert.deepEqual(read(wipe, 'x ticket:INC1 stolen'), { ref: 'x', ticket: 'INC1', reason: 'stolen' })
    assert.deepEqual(read(wipe, 'ticket:INC1 x stolen'), { ref: 'x', ticket: 'INC1', reason: 'stolen' })
    assert.deepEqual(read(wipe, 'x stolen, see ticket:INC1'), { ref: 'x', reason: 'stolen, see ticket:INC1' })
    assert.deepEqual(read(wipe, 'x note:this happened'), { ref: 'x', reason: 'note:this happened' })
    assert.deepEqual(read('<ref> [reason]', 'x state:gone'), { ref: 'x', reason: 'state:gone' })
  })

  it('take options anywhere where they follow the text', () => {
    const find = '[text] [state:] [os:] [page:]'
    assert.deepEqual(read(find, 'adele state:blocked'), { text: 'adele', state: 'blocked' })
    assert.deepEqual(read(find, 'STATE:blocked adele os:"iOS 17" fontaine'), {
      state: 'blocked',
      os: 'iOS 17',
      text: 'adele fontaine',
    })
    assert.deepEqual(read(find, 'os:“iOS 17” page:2'), { os: 'iOS 17', page: '2' })
    assert.deepEqual(read(find, 'a:b http://x'), { text: 'a:b http://x' })
  })

  it('are parted by the words that stand in the usage', () => {
    const grant = '<person> <role> on <collection>'
    assert.deepEqual(read(grant, 'ann Helpdesk Operator on All Mobile Devices'), {
      person: 'ann',
      role: 'Helpdesk Operator',
      collection: 'All Mobile Devices',
    })
    assert.deepEqual(read('<name> [in <parent>] <rule>', 'lisbon in "South Europe" os startsWith iOS'), {
      name: 'lisbon',
      parent: 'South Europe',
      rule: 'os startsWith iOS',
    })
  })

  it('of hostile length are read in no time', () => {
    for (const line of [
      'x'.repeat(200_000),
      '"'.repeat(100_000),
      'a:'.repeat(50_000),
      '“ '.repeat(50_000),
      '-'.repeat(100_000),
      "'a ".repeat(50_000),
      "'a".repeat(50_000),
      `'${"a'b ".repeat(50_000)}`,
      '‘'.repeat(100_000),
      '« '.repeat(50_000),
    ])
      read('<ref> [ticket:] <reason>', line)
  })
})

describe('every command', () => {
  it('has a name and aliases that no other has', () => {
    const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases])
    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.equal(name, name.toLowerCase())
  })

  for (const command of commands)
    it(`shows an example that can be typed (${command.name})`, () => {
      assert.ok(command.example.startsWith(command.name), command.example)
      const values = command.values(command.example.slice(command.name.length).trim())
      assert.doesNotThrow(() => command.check(values), `${command.example}: ${JSON.stringify(values)}`)
      assert.match(command.summary, /\.$/)
    })

  it('is found by a word that is nearly its name, with an example', () => {
    assert.match(nearest('blok', commands), /did you mean “block”\? Type for example “block adele_iPhone/)
    assert.match(nearest('stauts', commands), /did you mean “status”/)
    assert.match(nearest('whoaim', commands), /did you mean “whoami”/)
    assert.match(nearest('zzzzzzzz', commands), /type “help”/)
    assert.ok(nearest('x'.repeat(10_000), commands).length < 200)
  })
})
