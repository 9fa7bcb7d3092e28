import { createHash } from 'node:crypto'
import type { CmdletError } from '../errors.ts'
import type { Organization } from '../model.ts'

/** A response of the REST door; its body comes in parts, so that ready-made rows are never copied. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: readonly Buffer[]
}

const json = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'

export const respondWith = (status: number, body: readonly Buffer[], headers = {}): Response => ({
  status,
  headers: { 'Content-Type': json, ...headers },
  body,
})

export const respond = (status: number, body: object, headers = {}) =>
  respondWith(status, [Buffer.from(JSON.stringify(body))], headers)

export const respondEmpty = (status: number, headers = {}): Response => ({ status, headers, body: [] })

const invocation = 'Microsoft.Exchange.AdminApi.CommandInvocation'

const inner = (message: string, type: string, text: string) => ({
  message,
  type: 'Microsoft.Exchange.Admin.OData.Core.ODataServiceException',
  stacktrace: '',
  internalexception: { message: text, type, stacktrace: '' },
})

/** A request that the door itself cannot read. */
export const badRequest = (message: string) =>
  respond(400, {
    error: { code: 'BadRequest', message, innererror: inner(message, 'Microsoft.OData.ODataException', message) },
  })

/** No token, one that does not hold here, or one for a tenant of another name: all the same to the caller. */
export const unauthorized = () =>
  respondEmpty(401, {
    'WWW-Authenticate':
      'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*", token_types="app_asserted_user_v1 service_asserted_app_v1", error="invalid_token"',
  })

/** A missing right: the reason stands in a header, and the body is a run of NUL bytes that calls itself gzip. */
const forbidden = ({ account }: Organization) =>
  respondWith(403, [Buffer.alloc(64)], {
    'Content-Encoding': 'gzip',
    'x-ms-diagnostics': `2000008;reason="The role assigned to application ${account.clientId} isn't supported in this scenario. Please check online documentation for assigning correct Directory Roles to Azure AD Application for EXO App-Only Authentication.";error_category="invalid_role"`,
  })

/** Exchange's error as this door words it. Arguments that do not fit carry no `details`. */
export function refusal(error: CmdletError, cmdlet: string, organization: Organization): Response {
  const headers = { 'x-ExceptionType': error.type, 'Cmdlet-Name': cmdlet }
  if (error.kind === 'hidden') return forbidden(organization)
  if (error.kind === 'argument') {
    const type = `${invocation}.ParameterTransformationException`
    const innererror = inner('Invalid Operation', type, error.message)
    return respond(400, { error: { code: 'BadRequest', message: 'Invalid Operation', innererror } }, headers)
  }
  if (error.kind === 'parameter') {
    const type = `${invocation}.AmbiguousParameterSetException`
    const text = `Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. ${error.parameters.join(', ')}`
    const details = [{ code: 'Client', target: '', message: `|${type}|${text}` }]
    const innererror = inner('Invalid Operation', type, text)
    return respond(400, { error: { code: 'BadRequest', message: 'Invalid Operation', details, innererror } }, headers)
  }
  const notFound = error.kind === 'notFound'
  const message = 'Error executing cmdlet'
  const id = `Ex${createHash('sha1').update(error.type).digest('hex').slice(0, 6).toUpperCase()}`
  const details = [
    { code: notFound ? 'Client' : 'Context', target: '', message: `${id}|${error.type}|${error.message}` },
  ]
  const innererror = inner(message, error.type, error.message)
  const code = notFound ? 'NotFound' : 'BadRequest'
  return respond(notFound ? 404 : 400, { error: { code, message, details, innererror } }, headers)
}
