import { z } from 'zod'
import { list } from '../cmdlets/rows.ts'
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

/** Something that may pass by itself: the request never left, Exchange was too busy to run it, or its answer was lost. */
export class Passing extends Error {
  override readonly name = 'Passing'
  readonly kind: 'unsent' | 'busy' | 'lost'
  /** What Exchange asked to be waited, in milliseconds. */
  readonly wait: number

  constructor(kind: Passing['kind'], message: string, options: ErrorOptions & { wait?: number } = {}) {
    super(message, options)
    this.kind = kind
    this.wait = options.wait ?? 0
  }
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Rows are not copied: what a cmdlet shows is checked where it is understood. */
const PageSchema = z.compile(
  z.object({
    value: z.array(z.custom<Row>(isRow)).nullish(),
    '@odata.nextLink': z.string().nullish(),
    '@adminapi.warnings': list,
    '@adminapi.errors': z.array(z.unknown()).nullish(),
    '@adminapi.confirmationmessage': z.string().nullish(),
    error: z.unknown().optional(),
  }),
)

/**
 * Reads a successful answer. A write answers with an empty body or an empty list; a read that names no list has lost it, and
 * is not taken for one of nothing. Throws Passing when it cannot be read or reports errors beside its rows, and Refusal when
 * Exchange wants to be asked again instead of having run the cmdlet.
 */
export function readPage(body: unknown, isRead: boolean): Page {
  const { data: page, error: cause } = PageSchema.safeParse(body === '' ? {} : body)
  if (page === undefined || (isRead && page.value === undefined && !page.error))
    throw new Passing('lost', 'its answer could not be read', { cause })
  const { value, '@odata.nextLink': nextLink, '@adminapi.warnings': warnings, error } = page
  const { '@adminapi.errors': errors, '@adminapi.confirmationmessage': question } = page
  const reported = [...(errors ?? []), ...(error ? [error] : [])]
  if (reported.length > 0) throw new Passing('lost', `it reported ${JSON.stringify(reported).slice(0, 400)}`)
  if (question) throw new Refusal('invalid', `it wants a confirmation: ${question}`)
  return { rows: value ?? [], nextLink: nextLink || undefined, warnings }
}

/** Exchange's remark that it left rows out, which makes an answer incomplete. */
export const isTruncation = (warning: string) => /ResultSize|there are more results/i.test(warning)

const text = z.string().optional().catch(undefined)
const ErrorSchema = z.object({
  error: z.object({
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
 * Reads an error answer. The status alone does not tell: not-found comes as 404 and as 400, a 404 without Exchange's words may
 * come from anywhere on the way, and a 403 often has a body of NUL bytes with its reason in `x-ms-diagnostics`. Texts are
 * localised, so the exception's class decides where there is one.
 */
export function readFailure(answer: Answer): Refusal | Passing {
  const { status, header } = answer
  const { type = '', message } = exceptionOf(answer)
  const said = message ?? diagnosisOf(header('x-ms-diagnostics')) ?? `HTTP ${status}`
  if (status === 401)
    return new Refusal(
      'permission',
      'it does not accept the app: has it Exchange.ManageAsApp, and is the tenant its id?',
    )
  if (status === 403) return new Refusal('permission', said, type)
  if (status === 429) return new Passing('busy', 'it is busy', waitOf(answer))
  if (/ManagementObjectNotFound/.test(type)) return new Refusal('notFound', said, type)
  const passes = /CmdletProxyNotAvailable|ServerBusy|Transient|BackendCommunication/.test(`${type} ${said}`)
  if (status >= 500 || [408, 424].includes(status) || passes) return new Passing('lost', said, waitOf(answer))
  const isNotFound = /couldn.t be found/.test(said) || (status === 404 && message !== undefined)
  if (isNotFound) return new Refusal('notFound', said, type)
  return new Refusal(status === 400 ? 'invalid' : 'other', said, type)
}

/** `details[0].message` is `ErrorId|class|text`, at times JSON with a Message; else the inner exception says it. */
function exceptionOf({ body, header }: Answer): { type: string | undefined; message: string | undefined } {
  const error = ErrorSchema.safeParse(body).data?.error
  const detail = unwrap(error?.details?.[0]?.message ?? '')
  const [, type, text] = /^[^|]*\|([^|]*)\|(.*)$/s.exec(detail) ?? []
  const inner = error?.innererror?.internalexception
  return {
    type: type || inner?.type || header('x-exceptiontype'),
    message: text || detail || inner?.message || error?.message,
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

/** The reason in `2000008;reason="…";error_category="…"`. */
const diagnosisOf = (header: string | undefined) => /reason="([^"]*)"/.exec(header ?? '')?.[1] ?? header

/** Retry-After in seconds, which may be decimal, or as a date, which the server's own clock tells (RFC 9110 10.2.3). */
function waitOf({ header }: Answer): { wait?: number } {
  const after = header('retry-after') ?? 'never'
  const seconds = Number(after)
  const wait = Number.isNaN(seconds) ? Date.parse(after) - Date.parse(header('date') ?? '') : seconds * 1000
  return Number.isFinite(wait) ? { wait: Math.max(0, wait) } : {}
}
