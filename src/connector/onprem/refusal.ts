import { type Cmdlet, Refusal } from '../transport.ts'
import { type Clixml, isObject, numberOf, property, textOf } from './clixml.ts'

/** What Exchange writes before its sentences: `[Server=EX1,RequestId=…,TimeStamp=…] [FailureCategory=AuthZ-…] `. */
const prefix = /\[[A-Za-z]+=[^\]]*\]\s*/g
const categoryIn = /\[FailureCategory=([^\]]+)\]/
const requestIdIn = /(?<![A-Za-z])RequestId=([0-9a-f-]{36})/i

const sentence = (text: string) => text.replace(prefix, '').trim()

/** Exchange's own id of a request, which its logs carry. */
export const requestIdOf = (record: Clixml | undefined) =>
  requestIdIn.exec(`${errorIdOf(record)} ${saidBy(record)}`)?.[1]

/** By names of classes and categories, since texts are localized; the first that fits counts. */
const kinds: readonly (readonly [Refusal['kind'], RegExp])[] = [
  ['throttled', /OverBudget|Throttl|LimitsExceeded/i],
  ['permission', /CommandNotFound|AccessDenied|AuthorizationException|UnauthorizedAccess|SecurityException/i],
  ['notFound', /NotFoundException|ObjectNotFound/i],
  ['invalid', /ParameterBinding|Transformation|Argument|Validation|Parse|ScriptsNotAllowed|NamedParameter/i],
]

/** [MS-PSRP] 2.2.3.9 ErrorCategory. */
const kindsByCategory: Readonly<Record<number, Refusal['kind']>> = { 5: 'invalid', 13: 'notFound', 18: 'permission' }

/**
 * Exchange has the same category for an account that may not come in and for one that came in too often: only its
 * sentence tells them apart.
 */
const throttling = /MaxConcurrency|MaxRunspaces|maximum number of connections|exceeded your budget|wait for \d+/i

const kindOf = (names: string) => kinds.find(([, pattern]) => pattern.test(names))?.[0]

const errorIdOf = (record: Clixml | undefined) => textOf(property(record, 'FullyQualifiedErrorId')) ?? ''

const saidBy = (record: Clixml | undefined) =>
  textOf(property(record, 'ErrorDetails_Message')) ??
  textOf(property(property(record, 'Exception'), 'Message')) ??
  textOf(record) ??
  'it gave no reason'

/** What an error record says ([MS-PSRP] 2.2.3.15), whether it ended the pipeline or not. */
export function refusalOf(record: Clixml | undefined): Refusal {
  const exception = property(record, 'Exception')
  const errorId = errorIdOf(record)
  const said = saidBy(record)
  const category = categoryIn.exec(errorId)?.[1] ?? categoryIn.exec(said)?.[1]
  const className = isObject(exception) ? exception.types[0]?.replace(/^Deserialized\./, '') : undefined
  const reason = textOf(property(record, 'ErrorCategory_Reason'))
  const names = [className, category, reason, errorId.replace(prefix, '')]
  const kind =
    throttling.test(said) && (category?.startsWith('AuthZ') ?? false)
      ? 'throttled'
      : (kindOf(names.join(' ')) ??
        kindsByCategory[numberOf(property(record, 'ErrorCategory_Category')) ?? 0] ??
        'other')
  const type = names.find((name) => kindOf(name ?? '') === kind) ?? className ?? category
  return new Refusal(kind, sentence(said), type)
}

/** What the text of a fault says; `undefined` when it names neither missing rights nor too much work. */
export function refusalOfFault(text: string): Refusal | undefined {
  const category = categoryIn.exec(text)?.[1]
  const kind = throttling.test(text) ? 'throttled' : kindOf(category ?? '')
  return kind && new Refusal(kind, sentence(text), category)
}

/** How long Exchange asks to wait: `Please wait for 30 seconds`. */
export function secondsToWait(text: string): number | undefined {
  const seconds = /wait for (\d+)/i.exec(text)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

/**
 * An answer of which Exchange says that there is more than it shows is no answer, unless so many and no more were asked
 * for. The warning's text is localized, the parameter that it advises is not.
 */
export const truncationOf = ({ parameters }: Cmdlet, warning: string): Refusal | undefined =>
  /\bResultSize\b/.test(warning) && typeof parameters.ResultSize !== 'number'
    ? new Refusal('other', `it shows only a part: ${sentence(warning)}`)
    : undefined
