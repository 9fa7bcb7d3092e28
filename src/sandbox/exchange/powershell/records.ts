import { randomUUID } from 'node:crypto'
import { type Clixml, type ClixmlObject, enumeration, int32, list, object } from '../../../connector/onprem/clixml.ts'
import { writeClixml } from '../../../connector/onprem/clixml-writer.ts'
import type { CmdletError } from '../errors.ts'
import type { PropertyType, Table, Value } from '../values.ts'

/** ISO 8601 with seven digits, as .NET serializes a UTC DateTime. */
const dateText = (milliseconds: number) => new Date(milliseconds).toISOString().replace('Z', '0000Z')

const shown = (type: string, text: string, more: Readonly<Record<string, Clixml>>): ClixmlObject =>
  object({}, { types: [type, 'System.Object'], text, adapted: new Map(Object.entries(more)) })

/** A property as PowerShell serializes it once the depth of the object is used up. */
function property(type: PropertyType, value: Value): Clixml {
  if (value === null) return null
  if (typeof type === 'object') return enumeration(type.name, String(value), type.values[String(value)] ?? 0)
  if (type === 'Strings')
    return list(Array.isArray(value) ? value : [], [
      'Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]',
      'System.Object',
    ])
  if (type === 'DateTime') return { tag: 'DT', text: dateText(Number(value)) }
  if (type === 'Boolean') return value === true
  if (type === 'Int32') return int32(Number(value))
  if (type === 'UInt32') return { tag: 'U32', text: String(value) }
  if (type === 'Guid') return { tag: 'G', text: String(value) }
  if (type === 'ADObjectId')
    return shown('Microsoft.Exchange.Data.Directory.ADObjectId', String(value), { Name: String(value) })
  if (type === 'Unlimited')
    return shown('Microsoft.Exchange.Data.Unlimited`1', String(value), { IsUnlimited: value === 'Unlimited' })
  return String(value)
}

/** Rows of big fleets that were written before; each holds as long as the very same object is shown. */
const written = new WeakMap<object, Map<string, string>>()

const runspaceId = randomUUID()

/** One object of a cmdlet's output. */
export function writeRow({ keys, stable, columns }: Table, row: number, noun: string): string {
  const key = keys[row]
  const shape = `${noun} ${columns.length}`
  const kept = stable && key && written.get(key)?.get(shape)
  if (kept) return kept
  const xml = writeClixml(
    object(
      { RunspaceId: { tag: 'G', text: runspaceId } },
      {
        types: [`Microsoft.Exchange.Data.Directory.SystemConfiguration.${noun}`, 'System.Object'],
        text: noun,
        adapted: new Map(columns.map(({ name, type, at }) => [name, property(type, at(row))])),
      },
    ),
  )
  if (stable && key) written.set(key, (written.get(key) ?? new Map<string, string>()).set(shape, xml))
  return xml
}

export const writeWarning = (text: string): string =>
  writeClixml(
    object(
      { InformationalRecord_Message: text, InformationalRecord_SerializeInvocationInfo: false },
      {
        types: [
          'System.Management.Automation.WarningRecord',
          'System.Management.Automation.InformationalRecord',
          'System.Object',
        ],
        text,
      },
    ),
  )

/** Why a cmdlet failed, in PowerShell's terms ([MS-PSRP] 2.2.3.15). */
export interface Failure {
  /** The .NET exception. */
  readonly type: string
  readonly message: string
  readonly errorId: string
  /** [MS-PSRP] 2.2.3.9 */
  readonly category: number
  readonly target: string
  /** Whether it ends the pipeline; most errors of Exchange's cmdlets do not. */
  readonly terminating: boolean
}

const about = (errorId: string, category: number, terminating: boolean) => ({ errorId, category, terminating })

/** The ids under which PowerShell itself refuses, and those of Exchange's cmdlets. */
function idOf(kind: CmdletError['kind'], cmdlet: string, className: string, time: string) {
  if (kind === 'hidden') return about('CommandNotFoundException', 13, true)
  if (kind === 'parameter') return about(`NamedParameterNotFound,${cmdlet}`, 5, true)
  if (kind === 'argument') return about(`ParameterArgumentTransformationError,${cmdlet}`, 6, true)
  const server = `[Server=EX1,RequestId=${randomUUID()},TimeStamp=${time}]`
  const id = `${server} [FailureCategory=Cmdlet-${className}] 1082ECE3,Microsoft.Exchange.Management.AirSync.${cmdlet.replace('-', '')}`
  return about(id, kind === 'notFound' ? 13 : 7, false)
}

export function failureOf({ kind, type, message }: CmdletError, cmdlet: string, now: number): Failure {
  const className = type.slice(type.lastIndexOf('.') + 1)
  return { type, message, target: cmdlet, ...idOf(kind, cmdlet, className, new Date(now).toISOString()) }
}

/** No-language mode: see about_Language_Modes; the text is that of Windows. */
export const scriptRefused = (script: string): Failure => ({
  type: 'System.Management.Automation.ParseException',
  message: 'The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.',
  target: script,
  ...about('ScriptsNotAllowed', 17, true),
})

/** A cmdlet that asks for confirmation, and nobody there to ask. */
export const promptRefused = (cmdlet: string, question: string): Failure => ({
  type: 'System.Management.Automation.Host.HostException',
  message: `A command that prompts the user failed because the host program or the command type does not support user interaction. The host was attempting to request confirmation with the following message: ${question}`,
  target: cmdlet,
  ...about('HostFunctionNotImplemented', 19, true),
})

export function errorRecord({ type, message, errorId, category, target }: Failure): ClixmlObject {
  const exception = shown(type, `${type}: ${message}`, {
    Message: message,
    InnerException: null,
    HResult: int32(-2146233087),
  })
  return object(
    {
      Exception: exception,
      TargetObject: null,
      FullyQualifiedErrorId: errorId,
      InvocationInfo: null,
      ErrorCategory_Category: int32(category),
      ErrorCategory_Activity: target,
      ErrorCategory_Reason: type.slice(type.lastIndexOf('.') + 1),
      ErrorCategory_TargetName: '',
      ErrorCategory_TargetType: '',
      ErrorCategory_Message: `(:) [${target}], ${type.slice(type.lastIndexOf('.') + 1)}`,
      SerializeExtendedInfo: false,
    },
    { types: ['System.Management.Automation.ErrorRecord', 'System.Object'], text: message },
  )
}
