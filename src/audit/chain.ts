import { hash as digest } from 'node:crypto'
import { z } from 'zod'
import { PersonSchema } from './person.ts'

/** The log that the record lies in. */
export const auditLog = 'audit'

/** The hash before the first record. */
const beginning = '0'.repeat(64)

const text = (length: number) => z.string().overwrite((given) => given.slice(0, length))

/** What is recorded of one attempt. Texts are cut to their length; none may hold a secret or the body of a message. */
const EntrySchema = z.object({
  /** `null`: Device Desk itself. */
  who: PersonSchema.nullable(),
  command: text(100),
  /** What it was about, by ids that last: a device, a request, a connector. */
  target: text(500).nullable(),
  /** `started` stands before every change, and one of the others with `of` after it; without one: look in Exchange. */
  outcome: z.enum(['started', 'done', 'refused', 'failed', 'unknown', 'read']),
  /** The `n` of the `started` that this is the outcome of. */
  of: z.int().positive().optional(),
  /** Why, in the words of the person who asked. */
  reason: text(1000).optional(),
  /** A code such as ACCESS_DENIED, or a few words of ours. */
  note: text(200).optional(),
  /** Id of the Teams activity that asked. */
  activity: text(200).optional(),
})

const hash = z.string().regex(/^[0-9a-f]{64}$/)

const AuditRecordSchema = z.strictObject({
  n: z.int().positive(),
  at: z.iso.datetime(),
  ...EntrySchema.shape,
  prev: hash,
  hash,
})

/** Compiled, as every command is recorded. */
const Entry = z.compile(EntrySchema)

export type AuditEntry = z.input<typeof EntrySchema>
export type AuditRecord = Readonly<z.infer<typeof AuditRecordSchema>>

/** Names one state of the chain: whoever knows it can prove later that nothing up to it was changed. */
export interface Head {
  readonly n: number
  readonly hash: string
}

/** The chain before its first record. */
export const emptyHead: Head = { n: 0, hash: beginning }

/** Reads `n:hash` as people are shown it; the first 16 digits of the hash will do. */
export const HeadSchema = z
  .string()
  .regex(/^\d+:[0-9a-f]{16,64}$/, 'a head looks like 120:0f1e2d3c4b5a6978, the number of a record and its hash')
  .transform((text): Head => ({ n: Number.parseInt(text, 10), hash: text.slice(text.indexOf(':') + 1) }))

export const headOf = ({ n, hash }: AuditRecord): Head => ({ n, hash })

export const headBefore = ({ n, prev }: AuditRecord): Head => ({ n: n - 1, hash: prev })

export const showHead = ({ n, hash }: Head) => `${n}:${hash}`

/** Recorded before old months are dropped; `target` is the head of what was dropped. */
export const dropCommand = 'audit-drop'
const dropped = new RegExp(`"command":"${dropCommand}","target":"([^"]*)"`)

type Lines = AsyncIterable<{ readonly text: string }>

/**
 * The record that follows a head, and its line: JSON whose hash is the SHA-256 of that text as it would be without
 * `,"hash":"…"` at its end. So every byte counts, and any tool can check it.
 */
export function sealRecord(entry: AuditEntry, after: Head, at: Date): { text: string; record: AuditRecord } {
  const body = { n: after.n + 1, at: at.toISOString(), ...Entry.parse(entry), prev: after.hash }
  const text = JSON.stringify(body)
  const hash = digest('sha256', text)
  return { text: `${text.slice(0, -1)},"hash":"${hash}"}`, record: { ...body, hash } }
}

/** Reads a line of the record; throws when it is not as it was written. */
export function readRecord(line: string): AuditRecord {
  const [, body, hash] = /^(.*),"hash":"([0-9a-f]{64})"\}$/s.exec(line) ?? []
  if (body === undefined || digest('sha256', `${body}}`) !== hash)
    throw new Error('This is not an audit record as it was written.')
  return AuditRecordSchema.parse(JSON.parse(line))
}

/** Why a chain is not whole, and at which record that begins to show. */
export class BrokenChain extends Error {
  override readonly name = 'BrokenChain'
  readonly n: number

  constructor(n: number, why: string, options?: ErrorOptions) {
    super(`chain broken at record ${n}: ${why}`, options)
    this.n = n
  }
}

function unseal(line: string, expected: number): AuditRecord {
  try {
    return readRecord(line)
  } catch (cause) {
    throw new BrokenChain(expected, 'it is not as it was written', { cause })
  }
}

/** What the chain itself says was dropped for its age. */
async function droppedHead(lines: Lines): Promise<Head> {
  let head = emptyHead
  for await (const { text } of lines) head = HeadSchema.safeParse(dropped.exec(text)?.[1]).data ?? head
  return head
}

/**
 * Follows a chain over all its lines. Throws BrokenChain at the first record that was changed, is missing or stands in
 * the wrong place, and where a `known` head is not in the chain.
 */
export async function checkChain(lines: () => Lines, known?: Head): Promise<{ records: number; head: Head }> {
  const start = await droppedHead(lines())
  const compare = (found: Head) => {
    if (known?.n === found.n && !found.hash.startsWith(known.hash))
      throw new BrokenChain(found.n, 'its hash is another')
  }
  let records = 0
  let head: Head | undefined
  for await (const { text } of lines()) {
    const record = unseal(text, (head ?? start).n + 1)
    const before = headBefore(record)
    if (!head) {
      head = before.n < start.n ? before : start
      if (known && known.n < head.n) throw new BrokenChain(known.n, 'it is no longer kept and so proves nothing')
      compare(head)
    }
    if (before.n !== head.n) throw new BrokenChain(head.n + 1, 'it is missing or stands elsewhere')
    if (before.hash !== head.hash) throw new BrokenChain(record.n, 'it does not continue the record before it')
    head = headOf(record)
    compare(head)
    records += 1
  }
  head ??= start
  if (known && known.n > head.n) throw new BrokenChain(head.n + 1, 'it is missing')
  return { records, head }
}
