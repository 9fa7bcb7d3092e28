import { z } from 'zod'
import { Refusal, type Row } from '../transport.ts'

/** What came back for one cmdlet, by itself or as an item of a batch. `body` is absent when it could not be read. */
export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: unknown
}

export interface Page {
  readonly rows: readonly Row[]
  readonly nextLink: string | undefined
  readonly warnings: readonly string[]
}

/** Something that may pass by itself: Exchange was too busy to run the cmdlet, or its answer was lost. */
export class Passing extends Error {
  override readonly name = 'Passing'
  readonly kind: 'busy' | 'lost'
  /** What Exchange asked to be waited, in milliseconds. */
  readonly wait: number

  constructor(kind: Passing['kind'], message: string, options: ErrorOptions & { wait?: number } = {}) {
    super(message, options)
    this.kind = kind
    this.wait = options.wait ?? 0
  }
}

const PageSchema = z.object({
  value: z.array(z.record(z.string(), z.unknown())).default([]),
  '@odata.nextLink': z.string().optional(),
  '@adminapi.warnings': z.array(z.string()).default([]),
})

/** A write answers with an empty body or an empty list: both are success. */
export function readPage(body: unknown): Page {
  const page = PageSchema.parse(body === '' ? {} : body)
  return { rows: page.value, nextLink: page['@odata.nextLink'], warnings: page['@adminapi.warnings'] }
}

/** Exchange's remark that it left rows out, which makes an answer incomplete. */
export const isTruncation = (warning: string) => /ResultSize|there are more results/i.test(warning)

const text = z.string().optional().catch(undefined)
const ErrorSchema = z.object({
  error: z.object({
    code: text,
    message: text,
    details: z
      .array(z.object({ message: text }))
      .optional()
      .catch(undefined),
    innererror: z
      .object({ internalexception: z.object({ message: text, type: text }).optional() })
      .optional()
      .catch(undefined),
  }),
})

/**
 * Reads an error answer. The status alone does not tell: not-found comes as 404 and as 400, and a 403 often has a body of
 * NUL bytes with its reason in `x-ms-diagnostics`. Texts are localised, so the exception's class decides where there is one.
 */
export function readFailure(answer: Answer): Refusal | Passing {
  const { type, message } = exceptionOf(answer)
  const said = message ?? answer.header('x-ms-diagnostics') ?? `HTTP ${answer.status}`
  if (answer.status === 429) return new Passing('busy', 'it is busy', waitOf(answer))
  if (
    answer.status >= 500 ||
    /CmdletProxyNotAvailable|ServerBusy|Transient|BackendCommunication/.test(`${type} ${said}`)
  )
    return new Passing('lost', said, waitOf(answer))
  if (answer.status === 401 || answer.status === 403) return new Refusal('permission', said, type)
  if (/ManagementObjectNotFound/.test(type ?? '') || answer.status === 404 || /couldn.t be found/.test(said))
    return new Refusal('notFound', said, type)
  return new Refusal(answer.status === 400 ? 'invalid' : 'other', said, type)
}

/** `details[0].message` is `ErrorId|class|text`, at times JSON with a Message; else the inner exception says it. */
function exceptionOf(answer: Answer): { type: string | undefined; message: string | undefined } {
  const parsed = ErrorSchema.safeParse(answer.body)
  if (!parsed.success) return { type: answer.header('x-exceptiontype'), message: undefined }
  const { details, innererror, message } = parsed.data.error
  const detail = /^[^|]*\|([^|]*)\|(.*)$/s.exec(unwrap(details?.[0]?.message ?? ''))
  const inner = innererror?.internalexception
  return {
    type: detail?.[1] ?? inner?.type ?? answer.header('x-exceptiontype'),
    message: detail?.[2] ?? (details?.[0]?.message || inner?.message || message),
  }
}

function unwrap(message: string): string {
  if (!message.startsWith('{')) return message
  try {
    return z.object({ Message: z.string() }).parse(JSON.parse(message)).Message
  } catch {
    return message
  }
}

/** Retry-After in seconds, which may be decimal. */
function waitOf(answer: Answer): { wait?: number } {
  const seconds = Number(answer.header('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? { wait: Math.max(0, seconds * 1000) } : {}
}
