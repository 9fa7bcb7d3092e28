import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
)

describe('the documentation', () => {
  it('names tests that are there for each answer of the threat model', () => {
    const named = [...read('docs/threat-model.md').matchAll(/`(test\/\S+) › ([^`]+)`/g)]
    assert.ok(named.length > 20)
    const missing = named.filter(([, file = '', test = '']) => !read(file).includes(test.replaceAll('\n', ' ')))
    assert.deepEqual(
      missing.map(([text]) => text),
      [],
    )
  })

  it('shows each picture of docs/, by day or by night, and none that is not there', () => {
    const shown = pages.flatMap((page) =>
      [...read(page).matchAll(/(?:src|srcset)="([^"]+\.png)"|\]\(([^)]+\.png)\)/g)].map(([, image, link]) =>
        relative(root, join(root, page, '..', image ?? link ?? '')),
      ),
    )
    const byDay = (file: string) => file.replace(/-dark\.png$/, '-light.png')
    const there = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.png'))
    assert.deepEqual(
      [...new Set(there.map((name) => byDay(`docs/${name}`)))].sort(),
      [...new Set(shown.map(byDay))].sort(),
    )
    for (const file of shown) assert.ok(existsSync(join(root, file)), file)
  })

  for (const page of pages)
    it(`of ${page} names files and scripts that are there`, () => {
      const text = read(page)
      const { scripts } = JSON.parse(read('package.json'))
      for (const [, link = ''] of text.matchAll(/\]\(([^)#:]+)\)/g))
        assert.ok(existsSync(join(root, page, '..', link)), link)
      for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) assert.ok(script in scripts, script)
    })
})
