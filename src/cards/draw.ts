import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Button, Reply } from './card.ts'
import { harmless, type Limits, plain } from './harmless.ts'
import { withParts } from './parts.ts'
import { prepare } from './template.ts'

/** Adaptive Card JSON, as Teams takes it. */
export type Drawn = Readonly<Record<string, unknown>>

export type Cards = ReturnType<typeof createCards>

const DrawnSchema = z.record(z.string(), z.unknown())

const roomy: Limits = { row: 60, text: 2000, other: 400 }
/** For a card that would be larger than Teams should carry. */
const tight: Limits = { row: 24, text: 400, other: 80 }
const mostBytes = 25 * 1024
/** Data that is smaller makes no card that is too large. */
const fewBytes = 4 * 1024

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/**
 * Draws replies with the templates of a folder; each is read once.
 * Where a view is `shared` others read along: private facts are left out, and everybody gets a view of their own by refresh.
 */
export function createCards(folder: URL) {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  const templates = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => [file.replace('.json', ''), prepare(withParts(read(file), (name) => read(`parts/${name}.json`)))]),
  )
  return {
    /** The data of a reply for whoever draws it in another way, in a place of one's own. */
    plain: (reply: Reply) => DrawnSchema.parse(harmless(reply.data, false, roomy)),

    draw(reply: Reply, { shared }: { shared: boolean }): Drawn {
      const fill = templates.get(reply.template)
      if (fill === undefined) throw new Error(`no template ${reply.template}`)
      const expand = (limits: Limits) => DrawnSchema.parse(fill(harmless(reply.data, shared, limits)))
      const whole = expand(roomy)
      const { fallbackText, ...card } = bytes(reply.data) > fewBytes && bytes(whole) > mostBytes ? expand(tight) : whole
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
