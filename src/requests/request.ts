import { z } from 'zod'
import { RightsChangeSchema } from '../access/changes.ts'
import { permissions } from '../access/permissions.ts'
import { PersonSchema } from '../audit/person.ts'
import { type DeviceKey, WipeTimesSchema } from '../inventory/device.ts'

const time = z.iso.datetime()

/** Somebody who did something to a request; the name is for showing. */
export const ActorSchema = PersonSchema.extend({ name: z.string() })

/** The owner of a partnership of the phone, as far as is known. */
const PhoneOwnerSchema = z.object({
  mailbox: z.string(),
  name: z.string(),
  entraId: z.string().optional(),
  addresses: z.array(z.string()),
})

/** What a wipe is about, as it was when it was asked for: what is approved is this and nothing else. */
const WipeSchema = z.object({
  kind: z.enum(['wipe', 'wipe-account']),
  connector: z.string(),
  guid: z.string(),
  deviceId: z.string(),
  mailbox: z.string(),
  name: z.string(),
  shortId: z.string(),
  what: z.string(),
  clientType: z.string().optional(),
  clientVersion: z.string().optional(),
  /** Owners of every partnership with this device id. */
  owners: z.array(PhoneOwnerSchema),
  effect: z.enum(['phone', 'app', 'account']),
  /** What keeps it from arriving, in words. */
  obstacles: z.array(z.string()),
  lastSync: time.optional(),
})

/** A change of the policy, of rules or of many devices that was previewed: the command that makes it, and what the preview showed. */
const MassChangeSchema = z.object({
  kind: z.literal('change'),
  verb: z.string(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** What both people need. */
  permission: z.enum(permissions),
  /** The devices on which they need it, where it is about certain ones. */
  devices: z.array(z.object({ connector: z.string(), guid: z.string() })).optional(),
  title: z.string(),
  text: z.string(),
  warnings: z.array(z.string()),
  facts: z.array(z.object({ label: z.string(), value: z.string() })),
})

const SubjectSchema = z.discriminatedUnion('kind', [
  WipeSchema,
  z.object({ kind: z.literal('rights'), change: RightsChangeSchema }),
  /** The release of the brake that was pulled at this time. */
  z.object({ kind: z.literal('brake-release'), pulled: time }),
  MassChangeSchema,
])

/**
 * One try to hand a wipe to Exchange: the times that Exchange showed before, against which it is judged after. `earlier` is
 * when a try before it was made of which nobody knows how it ended.
 */
const AttemptSchema = z.object({ at: time, before: WipeTimesSchema, earlier: time.optional() })

const undecided = { since: time, expires: time, reminded: z.boolean() }
const tracked = { attempt: AttemptSchema, times: WipeTimesSchema }

/** Where a request stands. */
const StatusSchema = z.discriminatedUnion('state', [
  /** `alone` is when it goes ahead without a second person, where there is none. */
  z.object({ state: z.literal('waiting'), ...undecided, alone: time.optional() }),
  /** With the try that is unresolved, if there was one. */
  z.object({ state: z.literal('approved'), at: time, executeBy: time, attempt: AttemptSchema.optional() }),
  /** Exchange was asked, or was about to be: it is never asked again by itself. */
  z.object({ state: z.literal('sending'), attempt: AttemptSchema }),
  /** Nobody knows whether Exchange took it: the approvers have it back. */
  z.object({ state: z.literal('unresolved'), ...undecided, attempt: AttemptSchema }),
  /** Exchange has it; `times` are empty until it was read. */
  z.object({ state: z.literal('handed'), ...tracked }),
  z.object({ state: z.literal('taken'), ...tracked }),
  z.object({ state: z.literal('acknowledged'), at: time, ...tracked }),
  z.object({ state: z.literal('done'), at: time }),
  z.object({ state: z.literal('denied'), at: time, by: ActorSchema, reason: z.string() }),
  z.object({ state: z.literal('withdrawn'), at: time }),
  z.object({ state: z.literal('cancelled'), at: time, by: ActorSchema.optional(), reason: z.string().optional() }),
  z.object({ state: z.literal('expired'), at: time }),
  z.object({ state: z.literal('refused'), at: time, why: z.string() }),
  z.object({ state: z.literal('gone'), at: time }),
  z.object({ state: z.literal('givenUp'), at: time }),
])

const ApprovalSchema = z.object({ by: ActorSchema, at: time, addresses: z.array(z.string()) })

/** Somebody's wish that needs a second person. */
export const RequestSchema = z.object({
  id: z.string(),
  /** Goes up with every change; a press carries the version that was shown. */
  v: z.int(),
  /** The last version of which everybody concerned was told. */
  told: z.int(),
  subject: SubjectSchema,
  requester: ActorSchema,
  reason: z.string(),
  ticket: z.string().optional(),
  asked: time,
  /** How many others must approve; none means that the requester's own confirmation stands for the approval. */
  needed: z.int().min(0),
  approvals: z.array(ApprovalSchema),
  /** How often it was approved to the end: each time allows one try. */
  round: z.int(),
  status: StatusSchema,
  /** What happened, oldest first, in words. */
  history: z.array(z.object({ at: time, text: z.string() })),
})

export type Actor = z.infer<typeof ActorSchema>
export type PhoneOwner = z.infer<typeof PhoneOwnerSchema>
export type Wipe = z.infer<typeof WipeSchema>
export type Kind = Wipe['kind']
export type MassChange = z.infer<typeof MassChangeSchema>
export type Subject = z.infer<typeof SubjectSchema>
export type Attempt = z.infer<typeof AttemptSchema>
export type Status = z.infer<typeof StatusSchema>
export type State = Status['state']
export type Request = z.infer<typeof RequestSchema>
export type WipeRequest = Request & { readonly subject: Wipe }
export type ChangeRequest = Request & { readonly subject: MassChange }

export const isWipe = (request: Request): request is WipeRequest =>
  request.subject.kind === 'wipe' || request.subject.kind === 'wipe-account'

/** Under which a device's requests are found. */
export const keyOf = ({ connector, guid }: DeviceKey) => `${connector}/${guid}`

const among =
  (...states: readonly State[]) =>
  ({ status }: Pick<Request, 'status'>) =>
    states.includes(status.state)

/** States from which a request still goes on. */
export const isOpen = among('waiting', 'approved', 'sending', 'unresolved', 'handed', 'taken')

/** States in which a wipe may still reach the device: what would keep it away is refused meanwhile. */
export const isPending = among('approved', 'sending', 'unresolved', 'handed', 'taken')

/** States that people have still to decide. */
export const isUndecided = among('waiting', 'unresolved')

/** States in which nothing has been done yet, as far as is known. */
export const isUndone = among('waiting', 'approved', 'sending', 'unresolved')

/** Whether Exchange cannot have heard of it yet. */
export const isUnsent = ({ status }: Pick<Request, 'status'>) =>
  status.state === 'waiting' || (status.state === 'approved' && status.attempt === undefined)

/** Whether Exchange said that it has the order, or showed it. */
export const isWithExchange = among('handed', 'taken')

/** A request with what happened to it, in its next version. */
export const next = (request: Request, status: Status, now: Date, text: string): Request => ({
  ...request,
  v: request.v + 1,
  status,
  history: [...request.history, { at: now.toISOString(), text }],
})

const hour = 60 * 60_000

export const inHours = (now: Date, hours: number) => new Date(now.getTime() + hours * hour).toISOString()
