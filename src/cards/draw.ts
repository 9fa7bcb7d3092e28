import { readdirSync, readFileSync } from 'node:fs'
import { Template } from 'adaptivecards-templating'
import { z } from 'zod'
import type { Button, Reply } from './card.ts'
import { harmless, plain } from './harmless.ts'
import { withParts } from './parts.ts'

/** Adaptive Card JSON, as Teams takes it. */
export type Drawn = Readonly<Record<string, unknown>>

export type Cards = ReturnType<typeof createCards>

const DrawnSchema = z.record(z.string(), z.unknown())

/**
 * Draws replies with the templates of a folder; each is made once, since making one costs more than drawing a hundred cards.
 * Where a view is `shared` others read along: private facts are left out, and everybody gets a view of their own by refresh.
 */
export function createCards(folder: URL) {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  const templates = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => [
        file.replace('.json', ''),
        new Template(withParts(read(file), (name) => read(`parts/${name}.json`))),
      ]),
  )
  return {
    draw(reply: Reply, { shared }: { shared: boolean }): Drawn {
      const template = templates.get(reply.template)
      if (template === undefined) throw new Error(`no template ${reply.template}`)
      const { fallbackText, ...card } = DrawnSchema.parse(template.expand({ $root: harmless(reply.data, shared) }))
      return {
        ...card,
        fallbackText: plain(fallbackText),
        ...(reply.buttons && reply.buttons.length > 0 && { actions: reply.buttons.map(actionOf) }),
        ...(shared && reply.about && { refresh: { action: { type: 'Action.Execute', ...reply.about } } }),
      }
    },
  }
}

/** Teams shows six actions at most; the rest go behind its dots. */
const actionOf = ({ title, verb, data, style, leaves }: Button, position: number) => ({
  type: 'Action.Execute',
  title,
  verb,
  data,
  ...(style && { style }),
  ...(leaves && { associatedInputs: 'none' }),
  ...(position > 4 && { mode: 'secondary' }),
})
