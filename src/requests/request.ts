import { z } from 'zod'
import { RightsChangeSchema } from '../access/changes.ts'
import { PersonSchema } from '../audit/person.ts'
import { WipeTimesSchema } from '../inventory/device.ts'

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
export const WipeSchema = z.object({
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

const SubjectSchema = z.discriminatedUnion('kind', [
  WipeSchema,
  z.object({ kind: z.literal('rights'), change: RightsChangeSchema }),
  z.object({ kind: z.literal('brake-release') }),
])

/** The one try to hand a wipe to Exchange: the times that Exchange showed before, against which it is judged after. */
const AttemptSchema = z.object({ at: time, before: WipeTimesSchema })

const tracked = { attempt: AttemptSchema, times: WipeTimesSchema }

/** Where a request stands. */
export const StatusSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('waiting') }),
  z.object({ state: z.literal('approved'), at: time, executeBy: time }),
  /** Exchange was asked, or was about to be: it is never asked again by itself. */
  z.object({ state: z.literal('sending'), attempt: AttemptSchema }),
  /** Nobody knows whether Exchange took it: the approvers have it back. */
  z.object({ state: z.literal('unresolved'), attempt: AttemptSchema }),
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
  v: z.number().int(),
  /** The last version of which everybody concerned was told. */
  told: z.number().int(),
  subject: SubjectSchema,
  requester: ActorSchema,
  reason: z.string(),
  ticket: z.string().optional(),
  asked: time,
  /** Until when it can be approved. */
  expires: time,
  reminded: z.boolean(),
  /** How many others must approve; none means that the requester's confirmation stands for the approval. */
  needed: z.number().int().min(0),
  approvals: z.array(ApprovalSchema),
  /** How often it was approved to the end: each time allows one try. */
  round: z.number().int(),
  status: StatusSchema,
  /** What happened, oldest first, in words. */
  history: z.array(z.object({ at: time, text: z.string() })),
})

export type Actor = z.infer<typeof ActorSchema>
export type PhoneOwner = z.infer<typeof PhoneOwnerSchema>
export type Wipe = z.infer<typeof WipeSchema>
export type Subject = z.infer<typeof SubjectSchema>
export type Attempt = z.infer<typeof AttemptSchema>
export type Status = z.infer<typeof StatusSchema>
export type Approval = z.infer<typeof ApprovalSchema>
export type Request = z.infer<typeof RequestSchema>
export type WipeRequest = Request & { readonly subject: Wipe }

export const isWipe = (request: Request): request is WipeRequest =>
  request.subject.kind === 'wipe' || request.subject.kind === 'wipe-account'

/** States from which a request still goes on. */
const open: readonly Status['state'][] = ['waiting', 'approved', 'sending', 'unresolved', 'handed', 'taken']
export const isOpen = ({ status }: Request) => open.includes(status.state)

/** States in which a wipe may reach the device: what would keep it away is refused meanwhile. */
const pending: readonly Status['state'][] = ['approved', 'sending', 'unresolved', 'handed', 'taken']
export const isPending = ({ status }: Request) => pending.includes(status.state)
