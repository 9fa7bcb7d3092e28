import { z } from 'zod'

/**
 * Adaptive Cards 1.5 as far as our cards go (adaptivecards.io/schemas/adaptive-card.json, 1.5.0), but strict: an unknown
 * property is a mistake, a colour or a weight has to be one, and what could act in a client has no place at all.
 */
const size = z.enum(['Small', 'Default', 'Medium', 'Large', 'ExtraLarge'])
const weight = z.enum(['Lighter', 'Default', 'Bolder'])
const color = z.literal([
  'Default',
  'Accent',
  'Good',
  'Warning',
  'Attention',
  'default',
  'accent',
  'good',
  'warning',
  'attention',
])
const spacing = z.enum(['None', 'Small', 'Default', 'Medium', 'Large', 'ExtraLarge', 'Padding'])
const style = z.enum(['default', 'emphasis', 'accent', 'good', 'warning', 'attention'])

const element = { spacing: spacing.optional(), separator: z.boolean().optional() }
const look = {
  size: size.optional(),
  weight: weight.optional(),
  color: color.optional(),
  isSubtle: z.boolean().optional(),
}

/** Text that clients read Markdown in: ours alone, and times. */
const TextBlock = z.strictObject({
  type: z.literal('TextBlock'),
  text: z.string(),
  wrap: z.boolean().optional(),
  ...look,
  ...element,
})
const TextRun = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string(),
  fontType: z.literal('Monospace').optional(),
  strikethrough: z.boolean().optional(),
  ...look,
})
const RichTextBlock = z.strictObject({ type: z.literal('RichTextBlock'), inlines: z.array(TextRun).min(1), ...element })

const ActionSubmit = z.strictObject({
  type: z.literal('Action.Submit'),
  title: z.string().min(1),
  data: z.strictObject({
    msteams: z.strictObject({ type: z.literal('task/fetch') }),
    verb: z.string().min(1),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  associatedInputs: z.literal('none'),
})
const Execute = z.strictObject({
  type: z.literal('Action.Execute'),
  title: z.string().min(1).optional(),
  verb: z.string().min(1),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  style: z.enum(['positive', 'destructive']).optional(),
  mode: z.literal('secondary').optional(),
  associatedInputs: z.literal('none').optional(),
})

const input = {
  id: z.string().min(1),
  label: z.string().min(1),
  isRequired: z.boolean(),
  errorMessage: z.string().min(1),
  ...element,
}
const text = {
  value: z.string().optional(),
  placeholder: z.string().optional(),
  maxLength: z.number().int().optional(),
  isMultiline: z.boolean().optional(),
  regex: z.string().min(1).optional(),
}
const Inputs = [
  z.strictObject({ type: z.literal('Input.Text'), ...input, ...text }),
  z.strictObject({
    type: z.literal('Input.Number'),
    ...input,
    value: z.number().optional(),
    min: z.number(),
    max: z.number(),
  }),
  z.strictObject({
    type: z.literal('Input.ChoiceSet'),
    ...input,
    style: z.literal('compact'),
    value: z.string(),
    choices: z.array(z.strictObject({ title: z.string().min(1), value: z.string() })),
  }),
  z.strictObject({
    type: z.literal('Input.Toggle'),
    id: z.string(),
    title: z.string().min(1),
    value: z.string(),
    ...element,
  }),
] as const

const Column = z.strictObject({
  type: z.literal('Column'),
  width: z.union([z.enum(['auto', 'stretch']), z.number().positive(), z.string().regex(/^\d+px$/)]),
  get items() {
    return z.array(Element).min(1)
  },
})
const ColumnSet = z.strictObject({
  type: z.literal('ColumnSet'),
  columns: z.array(Column).min(1),
  selectAction: Execute.optional(),
  ...element,
})
const Container = z.strictObject({
  type: z.literal('Container'),
  get items() {
    return z.array(Element).min(1)
  },
  style: style.optional(),
  selectAction: Execute.optional(),
  ...element,
})
const Element: z.ZodType = z.lazy(() =>
  z.discriminatedUnion('type', [TextBlock, RichTextBlock, ColumnSet, Container, ...Inputs]),
)

export const CardSchema = z.strictObject({
  type: z.literal('AdaptiveCard'),
  $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  version: z.literal('1.5'),
  fallbackText: z.string().min(1),
  body: z.array(Element).min(1),
  actions: z
    .array(z.union([Execute.required({ title: true }), ActionSubmit]))
    .min(1)
    .optional(),
  refresh: z.strictObject({ action: Execute }).optional(),
  msteams: z.strictObject({ width: z.literal('Full') }).optional(),
})
