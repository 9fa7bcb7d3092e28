import assert from 'node:assert/strict'
import { soldAs } from '../../src/inventory/models.ts'

describe('a model', () => {
  for (const [model, name] of [
    ['iPhone16C2', 'iPhone 15 Pro Max'],
    ['iPhone16,2', 'iPhone 15 Pro Max'],
    ['iPhone9C3', 'iPhone 7'],
    ['SM-S921B', 'Galaxy S24'],
    ['Outlook for iOS and Android', 'Outlook mobile'],
  ] as const)
    it(`${model} is sold as ${name}`, () => assert.equal(soldAs(model), name))

  for (const model of [
    'iPhone99C9',
    'iPhone',
    'SM-X999',
    'SM-S000',
    'Pixel 9 Pro',
    '',
    'iPhoneconstructor',
    'xiPhone16C2',
  ])
    it(`“${model}” keeps its name`, () => assert.equal(soldAs(model), model))
})
