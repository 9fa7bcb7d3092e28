import assert from 'node:assert/strict'
import { int32, object } from '../../../src/connector/onprem/clixml.ts'
import { refusalOf, refusalOfFault, requestIdOf, secondsToWait } from '../../../src/connector/onprem/refusal.ts'

const requestId = '0d2b9a6c-4b1e-4f3a-9a86-2f4a8f6f2a11'

interface Said {
  readonly type?: string
  readonly message?: string
  readonly id?: string
  readonly reason?: string
  readonly category?: number
  readonly details?: string
}

const record = ({ type, message = 'said', id = '', reason = '', category = 0, details }: Said) =>
  object({
    Exception: object({}, { types: type ? [type] : [], adapted: new Map([['Message', message]]) }),
    FullyQualifiedErrorId: id,
    ErrorCategory_Category: int32(category),
    ErrorCategory_Reason: reason,
    ...(details !== undefined && { ErrorDetails_Message: details }),
  })

describe('connector/onprem/refusal', () => {
  it('tells the kinds of refusal apart by class, category and reason, not by the text', () => {
    const management = 'Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException'
    const server = `[Server=EX1,RequestId=${requestId},TimeStamp=1/1/2026 1:00:00 AM]`
    const kinds: readonly (readonly [Said, string])[] = [
      [{ type: management }, 'notFound'],
      [{ id: `${server} [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1082ECE3,X` }, 'notFound'],
      [{ reason: 'ManagementObjectNotFoundException' }, 'notFound'],
      [{ category: 13 }, 'notFound'],
      [
        { type: 'System.Management.Automation.CommandNotFoundException', category: 13, id: 'CommandNotFoundException' },
        'permission',
      ],
      [{ id: '[FailureCategory=AuthZ-CmdletAccessDeniedException] X' }, 'permission'],
      [{ category: 18 }, 'permission'],
      [{ type: 'System.Management.Automation.ParameterBindingException', id: 'NamedParameterNotFound,X' }, 'invalid'],
      [{ reason: 'ParameterArgumentTransformationException' }, 'invalid'],
      [{ type: 'System.Management.Automation.ParseException', id: 'ScriptsNotAllowed' }, 'invalid'],
      [{ id: '[FailureCategory=Cmdlet-OverBudgetException] X' }, 'throttled'],
      [{ id: '[FailureCategory=AuthZ-AuthorizationException] X', message: 'exceeded your budget' }, 'throttled'],
      [{ type: 'Microsoft.Exchange.Data.Directory.ADTransientException', message: 'not found, wait for 3' }, 'other'],
      [{}, 'other'],
    ]
    for (const [said, kind] of kinds) assert.equal(refusalOf(record(said)).kind, kind, JSON.stringify(said))
  })

  it('names the exception class, else the category', () => {
    assert.equal(
      refusalOf(record({ type: 'Deserialized.A.BException', id: '[FailureCategory=Cmdlet-C] X' })).type,
      'A.BException',
    )
    assert.equal(refusalOf(record({ id: '[FailureCategory=Cmdlet-C] X' })).type, 'Cmdlet-C')
    const type = 'System.Management.Automation.RemoteException'
    const reason = 'CommandNotFoundException'
    assert.equal(refusalOf(record({ type, reason })).type, reason, 'the one that tells')
    assert.equal(refusalOf(record({ type })).type, type)
  })

  it('says what Exchange says, without its prefixes, details before the exception', () => {
    const said = refusalOf(
      record({ message: `[Server=EX1,RequestId=${requestId}] [FailureCategory=A-B] The device [x] is gone.` }),
    )
    assert.equal(said.message, 'The device [x] is gone.')
    assert.equal(refusalOf(record({ message: 'a', details: 'b' })).message, 'b')
    assert.equal(refusalOf(object({}, { text: 'only this' })).message, 'only this')
    assert.equal(refusalOf(undefined).message, 'it gave no reason')
  })

  it('reads in a fault who may not come in, and who came too often', () => {
    const text = (rest: string) =>
      `Processing data failed: [ClientAccessServer=EX1,BackEndServer=ex1.contoso.com,RequestId=${requestId},TimeStamp=1/1/2026] ` +
      `[AuthZRequestId=${requestId}][FailureCategory=AuthZ-AuthorizationException] ${rest}`
    const throttled = refusalOfFault(
      text('The maximum number of connections allowed : 18 for the policy party : MaxConcurrency'),
    )
    assert.deepEqual([throttled?.kind, throttled?.type], ['throttled', 'AuthZ-AuthorizationException'])
    assert.equal(refusalOfFault(text('Please wait for 30 seconds'))?.kind, 'throttled')
    assert.equal(refusalOfFault(text('The user is not allowed'))?.kind, 'permission')
    assert.equal(
      refusalOfFault(text('The user is not allowed'))?.message,
      'Processing data failed: The user is not allowed',
    )
    assert.equal(refusalOfFault('[FailureCategory=WSMan-InvalidShellID] gone'), undefined)
    assert.equal(refusalOfFault('gone'), undefined)
    assert.equal(requestIdOf(text('x')), requestId)
    assert.equal(requestIdOf(`[AuthZRequestId=${requestId}]`), undefined)
  })

  it('reads how long Exchange asks to wait', () => {
    assert.equal(secondsToWait('exceeded your budget to create runspace. Please wait for 30 seconds.'), 30)
    assert.equal(secondsToWait('no'), undefined)
  })
})
