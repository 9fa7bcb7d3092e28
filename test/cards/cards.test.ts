import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as Microsoft from 'adaptivecards'
import { z } from 'zod'
import type { Reply } from '../../src/cards/card.ts'
import { createCards, type Drawn } from '../../src/cards/draw.ts'
import { commands } from '../../src/commands/commands.ts'
import { samples, ugly } from './samples.ts'
import { CardSchema } from './schema.ts'

/** Microsoft's own reader of cards; the package has no other entry that Node can load. */
const microsoft = createRequire(import.meta.url)('adaptivecards/dist/adaptivecards.js') as typeof Microsoft

const folder = new URL('../../cards/', import.meta.url)
const { draw } = createCards(folder)
const views = [{ shared: false }, { shared: true }]

/** What is ours in the data of a reply: words of a vocabulary, arguments of a press, moments. All else may come from outside. */
const ours = ['tone', 'at', 'mark', 'share', 'verb', 'press', 'fields', 'groups', 'confirm']

/** A reply with other text wherever text may come from outside; `path` tells where. */
function filled(reply: Reply, text: (path: string) => string): Reply {
  const fill = (value: unknown, path: string): unknown =>
    typeof value === 'string'
      ? text(path)
      : changed(value, (inner, key) => (ours.includes(key) ? inner : fill(inner, `${path}.${key}`)))
  return { ...reply, data: fill(reply.data, '') } as Reply
}

/** A reply whose lists are all empty. */
const emptied = (reply: Reply): Reply =>
  ({ ...reply, data: changed(reply.data, (inner) => (Array.isArray(inner) ? [] : inner)) }) as Reply

function changed(value: unknown, change: (inner: unknown, key: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item, index) => change(item, String(index)))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner, key)]))
}

interface Leaf {
  readonly text: string
  readonly key: string
  /** The objects that it stands in, from the innermost. */
  readonly within: readonly Record<string, unknown>[]
}

/** Every text of a card, with the name under which it stands. */
function textsOf(value: unknown, key = '', within: Leaf['within'] = []): Leaf[] {
  if (typeof value === 'string') return [{ text: value, key, within }]
  if (Array.isArray(value)) return value.flatMap((item) => textsOf(item, key, within))
  if (typeof value !== 'object' || value === null) return []
  const inner = [value as Record<string, unknown>, ...within]
  return Object.entries(value).flatMap(([name, item]) => textsOf(item, name, inner))
}

const isInTextRun = ({ key, within: [inner] }: Leaf) => key === 'text' && inner?.type === 'TextRun'
const actions = z.object({ type: z.literal('Action.Execute'), verb: z.string() })

/** Every action of a card, wherever it stands. */
function verbsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(verbsOf)
  if (typeof value !== 'object' || value === null) return []
  const { data: action } = actions.safeParse(value)
  return [...(action ? [action.verb] : []), ...Object.values(value).flatMap(verbsOf)]
}

function assertValid(card: Drawn): void {
  const { error } = CardSchema.safeParse(card)
  assert.ok(!error, error && z.prettifyError(error))
  const context = new microsoft.SerializationContext(microsoft.Versions.v1_5)
  new microsoft.AdaptiveCard().parse(card, context)
  const complaints = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message)
  assert.deepEqual(complaints, [])
}

describe('the templates of cards', () => {
  const names = readdirSync(folder).filter((file) => file.endsWith('.json'))

  it('have samples, each of them', () => {
    assert.deepEqual(names.map((file) => file.replace('.json', '')).sort(), Object.keys(samples).sort())
  })

  it('use every part', () => {
    const parts = readdirSync(new URL('parts/', folder)).map((file) => file.replace('.json', ''))
    const files = [...names, ...parts.map((part) => `parts/${part}.json`)]
    const used = files.flatMap((file) => [
      ...readFileSync(new URL(file, folder), 'utf8').matchAll(/"\$part": "(\w+)"/g),
    ])
    assert.deepEqual([...new Set(used.map(([, name]) => name))].sort(), parts.sort())
  })
})

describe('the commands', () => {
  const room = new URL('../../src/commands/', import.meta.url)
  for (const file of readdirSync(room))
    it(`of ${file} make buttons for commands only`, () => {
      for (const [, verb] of readFileSync(new URL(file, room), 'utf8').matchAll(/\bverb: '([^']*)'/g))
        assert.ok(
          commands.some((command) => command.name === verb),
          `no command ${verb}`,
        )
    })
})

for (const [name, replies] of Object.entries(samples))
  describe(`a card of the kind “${name}”`, () => {
    const each = (check: (reply: Reply, view: { shared: boolean }) => void) => {
      for (const reply of replies) for (const view of views) check(reply, view)
    }

    it('is a valid Adaptive Card 1.5, also where there is nothing to list', () => {
      each((reply, view) => {
        assertValid(draw(reply, view))
        assertValid(draw(emptied(reply), view))
      })
    })

    it('leaves no expression of its template behind', () => {
      each((reply, view) => {
        for (const one of [reply, emptied(reply)])
          assert.doesNotMatch(JSON.stringify(draw(one, view)), /\$\{|\$(data|when|part)/)
      })
    })

    it('has buttons for commands only', () => {
      each((reply, view) => {
        for (const verb of verbsOf(draw(reply, view)))
          assert.ok(
            commands.some((command) => command.name === verb),
            `no command ${verb}`,
          )
      })
    })

    it('shows text from outside in TextRuns and nowhere else', () => {
      each((reply, view) => {
        const marked = textsOf(
          draw(
            filled(reply, (path) => `⟦${path}⟧`),
            view,
          ),
        ).filter(({ text }) => text.includes('⟦'))
        for (const leaf of marked)
          assert.ok(
            isInTextRun(leaf) || leaf.key === 'fallbackText',
            `${leaf.text} stands in ${leaf.key} of ${leaf.within[0]?.type}`,
          )
      })
    })

    it('keeps what is private from others who read along', () => {
      each((reply, { shared }) => {
        const shown = textsOf(draw(reply, { shared })).map(({ text }) => text)
        for (const { text, key, within } of textsOf(reply.data))
          if (shared && within[0]?.private === true && ['value', 'at'].includes(key))
            assert.ok(!shown.some((line) => line.includes(text)), `${text} is shown to all`)
      })
    })

    it('survives whatever phones and people write', () => {
      for (const text of ugly)
        each((reply, view) => {
          const card = draw(
            filled(reply, () => text),
            view,
          )
          assertValid(card)
          for (const { text: shown } of textsOf(card)) {
            assert.doesNotMatch(
              shown.replace(/\{\{(DATE|TIME)\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(, \w+)?\)\}\}/g, ''),
              /\{\{/,
            )
            assert.doesNotMatch(shown, /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028]/u)
            assert.ok(shown.isWellFormed())
          }
          assert.doesNotMatch(String(card.fallbackText), /[[\]<>*`|~#]|:\/\/|www\./)
        })
    })

    it('stays under 25 KB', () => {
      for (const text of ugly)
        each((reply, view) => {
          const bytes = Buffer.byteLength(
            JSON.stringify(
              draw(
                filled(reply, () => text),
                view,
              ),
            ),
          )
          assert.ok(bytes <= 25 * 1024, `${bytes} bytes with ${text.slice(0, 20)}`)
        })
    })
  })
