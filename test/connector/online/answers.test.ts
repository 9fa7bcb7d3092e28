import assert from 'node:assert/strict'
import { type Answer, isTruncation, Passing, readFailure, readPage } from '../../../src/connector/online/answers.ts'
import { Refusal } from '../../../src/connector/transport.ts'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  body,
  header: (name) => headers[name],
})
const detailed = (code: string, message: string) => ({
  error: { code, message: 'Error executing cmdlet', details: [{ code: 'Client', target: '', message }] },
})
const notFound = 'Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException'

/** What is read out of an answer that failed. */
function failureOf(...given: Parameters<typeof answer>) {
  const failure = readFailure(answer(...given))
  const { kind, message } = failure
  return failure instanceof Refusal ? { kind, message, type: failure.type } : { kind, message, wait: failure.wait }
}

describe('connector/online: why a cmdlet failed', () => {
  it('stands in the details, between the class and the end', () => {
    const body = {
      error: {
        code: 'BadRequest',
        message: 'Invalid Operation',
        details: [
          {
            code: 'Client',
            target: '',
            message:
              '|Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException|Parameter set cannot be resolved | BogusParameter',
          },
        ],
        innererror: { message: 'Invalid Operation', internalexception: { message: 'other', type: 'other' } },
      },
    }
    assert.deepEqual(failureOf(400, body), {
      kind: 'invalid',
      message: 'Parameter set cannot be resolved | BogusParameter',
      type: 'Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException',
    })
  })

  it('or in the inner exception, where there are no details', () => {
    const type = 'Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException'
    const innererror = { message: 'Invalid Operation', internalexception: { message: 'Cannot convert value', type } }
    for (const details of [undefined, null, []])
      assert.deepEqual(failureOf(400, { error: { message: 'Invalid Operation', details, innererror } }), {
        kind: 'invalid',
        message: 'Cannot convert value',
        type,
      })
  })

  it('or as JSON inside the message', () => {
    const inside = JSON.stringify({ Message: `Ex6F9304|${notFound}|It is not there.` })
    assert.deepEqual(failureOf(400, detailed('NotFound', inside)), {
      kind: 'notFound',
      message: 'It is not there.',
      type: notFound,
    })
    assert.equal(failureOf(400, detailed('BadRequest', '{"Message":"In plain words"}')).message, 'In plain words')
    assert.equal(failureOf(400, detailed('BadRequest', '{not JSON')).message, '{not JSON')
  })

  it('or in a header alone', () => {
    assert.deepEqual(failureOf(400, '', { 'x-exceptiontype': notFound }), {
      kind: 'notFound',
      message: 'HTTP 400',
      type: notFound,
    })
  })

  it('is that the object is not there, by its class whatever the status and the language', () => {
    const words = "The operation couldn't be performed because object 'x' couldn't be found on 'DC.PROD.OUTLOOK.COM'."
    for (const status of [400, 404, 500])
      assert.equal(failureOf(status, detailed('NotFound', `Ex6F9304|${notFound}|Nicht da.`)).kind, 'notFound')
    for (const status of [400, 404]) {
      assert.equal(failureOf(status, detailed('NotFound', `Ex6F9304|${notFound}|${words}`)).kind, 'notFound')
      assert.equal(failureOf(status, detailed('NotFound', words)).kind, 'notFound')
    }
  })

  it('is not that the object is not there, where something on the way has no such page', () => {
    for (const body of ['', undefined, '<html>Not Found</html>'])
      assert.deepEqual(failureOf(404, body), { kind: 'other', message: 'HTTP 404', type: '' })
  })

  it('is a missing right, told by x-ms-diagnostics where the body is none', () => {
    const diagnostics =
      '2000008;reason="The role assigned to application X isn\'t supported";error_category="invalid_role"'
    for (const body of ['', undefined])
      assert.deepEqual(failureOf(403, body, { 'x-ms-diagnostics': diagnostics }), {
        kind: 'permission',
        message: "The role assigned to application X isn't supported",
        type: '',
      })
    assert.equal(failureOf(403, '', { 'x-ms-diagnostics': 'no quotes' }).message, 'no quotes')
    assert.equal(failureOf(401, '').kind, 'permission')
  })

  it('may pass at a date, which its own clock tells', () => {
    const at = { 'retry-after': 'Fri, 31 Dec 2027 23:59:59 GMT', date: 'Fri, 31 Dec 2027 23:59:29 GMT' }
    assert.deepEqual(failureOf(503, '', at), { kind: 'lost', message: 'HTTP 503', wait: 30_000 })
    const past = { ...at, date: 'Sat, 01 Jan 2028 00:00:00 GMT' }
    assert.deepEqual(failureOf(429, '', past), { kind: 'busy', message: 'it is busy', wait: 0 })
  })

  it('may pass, and Exchange says when', () => {
    assert.deepEqual(failureOf(429, '', { 'retry-after': '1.5' }), { kind: 'busy', message: 'it is busy', wait: 1500 })
    assert.deepEqual(failureOf(429, '', { 'retry-after': 'soon' }), { kind: 'busy', message: 'it is busy', wait: 0 })
    for (const status of [408, 424, 500, 502, 503, 504]) assert.equal(failureOf(status, '').kind, 'lost')
    for (const type of [
      'Microsoft.Exchange.Data.Storage.ServerBusyException',
      'Microsoft.Exchange.Data.Directory.ADTransientException',
      'Microsoft.Exchange.X.BackendCommunicationException',
    ])
      assert.equal(failureOf(400, detailed('BadRequest', `|${type}|later`)).kind, 'lost')
    assert.equal(failureOf(400, detailed('BadRequest', 'CmdletProxyNotAvailableFailure')).kind, 'lost')
  })
})

describe('connector/online: a page', () => {
  it('is what Exchange answers, or nothing at all', () => {
    const row = { 'Guid@data.type': 'System.Guid', Guid: 'x' }
    const next = 'https://outlook.office365.com/adminapi/beta/t/InvokeCommand?%24skiptoken=1'
    assert.deepEqual(readPage({ value: [row], '@odata.nextLink': next, '@adminapi.warnings': ['careful'] }, true), {
      rows: [row],
      nextLink: next,
      warnings: ['careful'],
    })
    const nothing = { rows: [], nextLink: undefined, warnings: [] }
    for (const body of ['', {}, { value: [] }]) assert.deepEqual(readPage(body, false), nothing)
    for (const nextLink of [null, ''])
      assert.deepEqual(
        readPage({ value: null, '@odata.nextLink': nextLink, '@adminapi.warnings': null, error: null }, true),
        nothing,
      )
  })

  it('of a read is none when it names no list of rows', () => {
    for (const body of ['', {}, { '@odata.context': 'x' }, { error: null }])
      assert.throws(() => readPage(body, true), Passing)
  })

  it('is none when it is cut, or something else', () => {
    for (const body of [undefined, null, [], 'text', { value: {} }, { value: [1] }])
      assert.throws(() => readPage(body, false), Passing)
  })

  it('is none when it reports errors beside its rows', () => {
    const error = { message: 'It did not work.' }
    for (const isRead of [true, false])
      for (const body of [{ value: [], '@adminapi.errors': [error] }, { value: [{}], error }, { error }])
        assert.throws(() => readPage(body, isRead), /It did not work/)
    assert.equal(readPage({ value: [], '@adminapi.errors': [] }, true).rows.length, 0)
  })

  it('is none when Exchange asks instead of doing', () => {
    assert.throws(() => readPage({ value: [], '@adminapi.confirmationmessage': 'Are you sure?' }, false), Refusal)
  })

  it('is incomplete when a warning says so', () => {
    assert.ok(isTruncation('By default, only the first 1000 items are returned. Use the ResultSize parameter.'))
    assert.ok(isTruncation('There are more results available than are currently displayed.'))
    assert.ok(!isTruncation('The command completed successfully but no settings of x have been modified.'))
  })
})
