// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how the templates of cards name values
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Template } from 'adaptivecards-templating'
import { withParts } from '../../src/cards/parts.ts'
import { prepare } from '../../src/cards/template.ts'
import { samples } from './samples.ts'

const folder = new URL('../../cards/', import.meta.url)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
const plainly = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function assertSame(template: unknown, data: unknown): void {
  assert.deepEqual(plainly(prepare(template)(data)), plainly(new Template(template).expand({ $root: data })))
}

describe('a prepared template', () => {
  for (const [name, replies] of Object.entries(samples))
    it(`draws “${name}” as Microsoft's engine does`, () => {
      const template = withParts(read(`${name}.json`), (part) => read(`parts/${part}.json`))
      for (const { data } of replies) assertSame(template, data)
    })

  it('reads values of any kind, from where it stands and from the root', () => {
    const template = {
      rows: [
        { $data: '${rows}', whole: '${press}', count: '${n}', line: '${n} of ${$root.total}.', sum: '${add(n, 1)}' },
      ],
      total: '${total}',
    }
    assertSame(template, {
      total: 3,
      rows: [
        { n: 1, press: { ref: 'x' } },
        { n: 2, press: [] },
      ],
    })
  })

  it('leaves out what does not apply', () => {
    const template = [
      { $when: '${exists(a)}', is: 'a' },
      { $when: '${b > 1}', is: 'b' },
      { $data: '${none}', is: 'none' },
    ]
    for (const data of [{ none: [] }, { a: '', b: 2, none: [] }, { a: null, b: 1, none: [1] }])
      assertSame(template, data)
  })

  it('answers what is asked of a value as the engine does', () => {
    const template = [
      { $when: '${exists(a)}', is: '${a}' },
      { $when: '${!exists(b.c)}', is: 'missing' },
      { $when: '${count(list) > 0}', is: '${list}' },
      { $when: '${count(list) > 0}', is: "${join(list, ', ')}" },
      { $when: "${a == 'one'}", is: 'one' },
      { $when: "${a != 'one'}", is: 'other' },
      { $when: "${a == 'one' || a == 'two'}", is: "${if(a == 'one', 1, 2)}" },
      "${if(exists(a), a, 'nothing')} of <${if(exists(b.c), b.c, 'nothing')}>",
    ]
    for (const a of [null, '', 'one', 'two'])
      for (const data of [
        { a, b: {}, list: [] },
        { a, b: { c: 'x' }, list: [1] },
        { a, b: { c: null }, list: ['a', 'b'] },
      ])
        assertSame(template, data)
  })

  it('takes the data for text, not for a template', () => {
    assert.deepEqual(prepare({ text: '<${a}>' })({ a: '${b}', b: 'evil' }), { text: '<${b}>' })
  })
})

describe('the parts of templates', () => {
  it('stand where they are named, a list within the list', () => {
    const part = (name: string) => (name === 'two' ? [{ n: 1 }, { $part: 'one' }] : { n: 2 })
    assert.deepEqual(withParts({ body: [{ $part: 'two' }, 3], head: { $part: 'one' } }, part), {
      body: [{ n: 1 }, { n: 2 }, 3],
      head: { n: 2 },
    })
  })
})
