import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { settingsTable } from './table.ts'

describe('docs/policy.md', () => {
  it('lists the settings as they are in code; “node test/connector/policy/table.ts” prints the list', () => {
    const text = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8')
    const [, listed = ''] = text.split(/<!-- settings -->\n/)
    assert.equal(listed.trim(), settingsTable())
  })
})
