import { createHash } from 'node:crypto'
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

/** Where a card is seen. */
export interface View {
  /** Others read along. */
  readonly shared: boolean
  readonly within?: 'message' | 'dialog' | 'tab'
}

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

    /** Names what a reply shows but for the notice that answers somebody: replies that show the same have the same name. */
    nameOf({ template, data, buttons }: Reply): string {
      const shown = JSON.stringify([template, { ...data, notice: undefined }, buttons])
      return createHash('sha256').update(shown).digest('base64url')
    },

    draw(reply: Reply, { shared, within = 'message' }: View): Drawn {
      const fill = templates.get(reply.template)
      if (fill === undefined) throw new Error(`no template ${reply.template}`)
      const expand = (limits: Limits) => DrawnSchema.parse(fill(harmless(reply.data, shared, limits)))
      const whole = expand(roomy)
      const actions = [...(reply.buttons ?? []).map(actionOf), ...(within === 'message' ? openerOf(reply) : [])]
      const { fallbackText, ...card } = bytes(reply.data) > fewBytes && bytes(whole) > mostBytes ? expand(tight) : whole
      const drawn = {
        ...card,
        fallbackText: plain(fallbackText),
        ...(actions.length > 0 && { actions }),
        ...(shared &&
          within === 'message' &&
          reply.about && { refresh: { action: { type: 'Action.Execute', ...reply.about } } }),
      }
      return within === 'dialog' ? DrawnSchema.parse(submitting(drawn)) : drawn
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

/** A form with several inputs can be filled in where there is more room ("Use dialogs with bots", Teams documentation). */
function openerOf(reply: Reply): object[] {
  const [first] = reply.buttons ?? []
  if (reply.template !== 'form' || reply.data.fields.length < 2 || first === undefined) return []
  const fetch = { msteams: { type: 'task/fetch' }, verb: first.verb, data: first.data }
  return [{ type: 'Action.Submit', title: 'Open in a dialog', data: fetch, associatedInputs: 'none' }]
}

/** The same card for a dialog, where nothing but a submit is sent. */
function submitting(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(submitting)
  if (typeof node !== 'object' || node === null) return node
  if (!('type' in node && node.type === 'Action.Execute' && 'verb' in node && 'data' in node))
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, submitting(inner)]))
  const { verb, data, ...action } = node
  return { ...action, type: 'Action.Submit', data: { verb, data } }
}
