import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'

/** The rooms of src/ from top to bottom: a room imports only rooms below it. */
const ladder = [
  'index.ts',
  'main.ts',
  'app.ts',
  'migrate.ts',
  'teams',
  'tab',
  'pipeline.ts',
  'commands',
  'notify',
  'requests',
  'access',
  'connector',
  'inventory',
  'cards',
  'audit',
  'events',
  'store',
  'credentials.ts',
  'tokens.ts',
  'config.ts',
  'errors.ts',
]
const root = join(import.meta.dirname, '..', 'src')
const sources = (await readdir(root, { recursive: true }))
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts'))

const roomOf = (file: string) => file.split('/')[0] ?? file

const importsOf = async (file: string) => {
  const text = await readFile(join(root, file), 'utf8')
  const names = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
  return names.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(file), name) : name))
}

describe('the order of rooms', () => {
  for (const file of sources) {
    it(`holds for src/${file}`, async () => {
      const room = roomOf(file)
      for (const target of await importsOf(file)) {
        assert.ok(!target.startsWith('..'), `${file} may not import ${target}, which is outside src/`)
        const below = roomOf(target)
        if (!sources.includes(target) || below === room) continue
        if (room === 'sandbox') assert.match(target, /^connector\/onprem\//, `the sandbox may not import ${target}`)
        else if (below === 'sandbox') assert.equal(file, 'main.ts', `only main.ts starts the sandbox, not ${file}`)
        else {
          assert.ok(ladder.includes(room), `${room} is not a room of the ladder`)
          assert.ok(ladder.indexOf(room) < ladder.indexOf(below), `${room} may not import ${target}`)
        }
      }
    })
  }

  it('lets only teams/ know botbuilder and restify', async () => {
    for (const file of sources) {
      const known = (await importsOf(file)).filter((name) => /^(botbuilder|botframework-|restify)/.test(name))
      if (known.length > 0) assert.equal(roomOf(file), 'teams', `${file} imports ${known.join(', ')}`)
    }
  })
})
