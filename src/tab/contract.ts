import * as z from 'zod/mini'

/** What the page and its API say to each other: one schema for both sides. */

const Data = z.record(z.string(), z.union([z.string().check(z.maxLength(4000)), z.number(), z.boolean()]))

/** `POST tab/api/ask`: a command with its arguments by name. */
export const AskSchema = z.object({
  verb: z.string().check(z.maxLength(40)),
  data: Data,
  /** The page draws this itself and wants no card. */
  plain: z._default(z.boolean(), false),
  /** Asked by the page, not by somebody: it shows again what is shown already, and changes nothing. */
  automatic: z._default(z.boolean(), false),
})

const AboutSchema = z.object({ verb: z.string(), data: z.record(z.string(), z.string()) })

export const AnswerSchema = z.object({
  /** The kind of answer, and its data: one of those below where the page draws it itself. */
  template: z.string(),
  data: z.record(z.string(), z.unknown()),
  /** The Adaptive Card of the answer, unless it was not wanted. */
  card: z.optional(z.record(z.string(), z.unknown())),
  /** The read that shows the same again. */
  about: z.optional(AboutSchema),
  /** A file that can be had, by this command from `POST tab/api/file`. */
  file: z.optional(z.object({ name: z.string(), from: AboutSchema })),
})
export type Answer = z.input<typeof AnswerSchema>
export type About = z.infer<typeof AboutSchema>

/** What pages show: devices, and what is stored under these names. */
const Thing = z.enum([
  'devices',
  'collections',
  'requests',
  'brake',
  'batches',
  'connectors',
  'connector-states',
  'policies',
  'access-rules',
  'assignments',
  'roles',
  'subscriptions',
  'audit',
])
export type Thing = z.infer<typeof Thing>
export const things = Thing.options

/** `GET tab/api/events`: of these there is something else now. */
export const ChangedSchema = z.object({ changed: z.array(Thing) })

/** `GET tab/api/people`: whom one may be in the demo; nobody elsewhere. `POST` takes the id of one. */
export const PeopleSchema = z.array(z.object({ id: z.string(), name: z.string() }))
export type People = z.infer<typeof PeopleSchema>
export const PersonSchema = z.object({ id: z.string() })
export const TokenSchema = z.object({ token: z.string() })

const Tone = z.enum(['default', 'accent', 'good', 'warning', 'attention'])
const At = z.optional(z.object({ at: z.string() }))

/** `find`, as the table shows it. */
export const DevicesSchema = z.object({
  title: z.string(),
  text: z.string(),
  total: z.number(),
  connectors: z._default(z.array(z.string()), []),
  rows: z.array(
    z.object({
      press: z.object({ ref: z.string() }),
      name: z.string(),
      owner: z.string(),
      model: z.string(),
      os: z.string(),
      state: z.string(),
      tone: Tone,
      shortId: z.string(),
      client: z.string(),
      connector: z.optional(z.string()),
      last: At,
    }),
  ),
})
export type DeviceRow = z.infer<typeof DevicesSchema>['rows'][number]

/** `report`, as a chart. */
export const ReportSchema = z.object({
  title: z.string(),
  text: z.string(),
  bars: z.array(
    z.object({
      label: z.string(),
      value: z.string(),
      share: z.number(),
      tone: Tone,
      /** Arguments of `find` for the devices that the bar counts. */
      press: z.optional(Data),
    }),
  ),
})
export type Bar = z.infer<typeof ReportSchema>['bars'][number]

/** `requests`, as a list. */
export const ChoiceSchema = z.object({
  title: z.string(),
  text: z.string(),
  rows: z.array(z.object({ press: z.object({ id: z.string() }), name: z.string(), detail: z.string() })),
})

/** `connectors`, for their names. */
export const ConnectorsSchema = z.object({ rows: z.array(z.object({ name: z.string() })) })

/** `audit`, as a list. */
export const AuditSchema = z.object({
  text: z.string(),
  older: z.optional(z.number()),
  rows: z.array(
    z.object({
      n: z.string(),
      at: z.string(),
      who: z.string(),
      what: z.string(),
      outcome: z.string(),
      reason: z.string(),
    }),
  ),
})

export type AuditRow = z.infer<typeof AuditSchema>['rows'][number]

/** `audit` with `check`: whether the record is whole. */
export const ChainSchema = z.object({ text: z.string(), whole: z.boolean() })

/** `help`, for the names of what one may do. */
export const HelpSchema = z.object({
  groups: z.array(
    z.object({ commands: z.array(z.object({ name: z.string() })), names: z.optional(z.array(z.string())) }),
  ),
})
