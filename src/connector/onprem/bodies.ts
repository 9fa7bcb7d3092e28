import type { Cmdlet, Value } from '../transport.ts'
import { type Clixml, enumeration, hashtable, int32, list, object, version } from './clixml.ts'

/** The newest version of the protocol that is spoken here; a server may speak an older 2.x ([MS-PSRP] 3.1.5.3.1). */
export const protocolVersion = '2.3'

const runspaces = 'System.Management.Automation.Runspaces'
const listOfObjects = [
  'System.Collections.Generic.List`1[[System.Management.Automation.PSObject, System.Management.Automation, Version=1.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]',
  'System.Object',
]

/** [MS-PSRP] 2.2.2.1 */
export const sessionCapability = (protocol = protocolVersion): Clixml =>
  object({
    protocolversion: version(protocol),
    PSVersion: version('2.0'),
    SerializationVersion: version('1.1.0.1'),
  })

const apartmentState = enumeration(`${runspaces}.ApartmentState`, 'UNKNOWN', 2)

/** [MS-PSRP] 2.2.3.14: nobody sits here whom a cmdlet could ask. */
const noHost = object({ _isHostNull: true, _isHostUINull: true, _isHostRawUINull: true, _useRunspaceHost: true })

/** [MS-PSRP] 2.2.2.2 */
export const initRunspacePool = (): Clixml =>
  object({
    MinRunspaces: int32(1),
    MaxRunspaces: int32(1),
    PSThreadOptions: enumeration(`${runspaces}.PSThreadOptions`, 'Default', 0),
    ApartmentState: apartmentState,
    HostInfo: noHost,
    ApplicationArguments: null,
  })

const isList = (value: Value): value is readonly string[] => Array.isArray(value)

/** A parameter's value with the .NET type that it needs: a switch is a Boolean, never its name as text. */
export function parameterValue(value: Value): Clixml {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return { tag: 'Db', text: String(value) }
    return Math.abs(value) < 2 ** 31 ? int32(value) : { tag: 'I64', text: BigInt(value).toString() }
  }
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return list(value)
  return hashtable({
    ...(value.add && { Add: list(value.add) }),
    ...(value.remove && { Remove: list(value.remove) }),
  })
}

const mergeNothing = enumeration(`${runspaces}.PipelineResultTypes`, 'None', 0)

/** The streams that a server of this minor version lets be merged ([MS-PSRP] 2.2.3.12). */
const mergeable = (minor: number) => [
  ...(minor >= 2 ? ['MergeError', 'MergeWarning', 'MergeVerbose', 'MergeDebug'] : []),
  ...(minor >= 3 ? ['MergeInformation'] : []),
]

/** [MS-PSRP] 2.2.2.10: one cmdlet with its parameters and never a script, which a restricted runspace refuses. */
export function createPipeline({ name, parameters }: Cmdlet, minor: number): Clixml {
  const args = Object.entries(parameters).map(([N, value]) => object({ N, V: parameterValue(value) }))
  const command = object({
    Cmd: name,
    IsScript: false,
    UseLocalScope: null,
    MergeMyResult: mergeNothing,
    MergeToResult: mergeNothing,
    MergePreviousResults: mergeNothing,
    Args: list(args, listOfObjects),
    ...Object.fromEntries(mergeable(minor).map((stream) => [stream, mergeNothing])),
  })
  return object({
    NoInput: true,
    ApartmentState: apartmentState,
    RemoteStreamOptions: enumeration(`${runspaces}.RemoteStreamOptions`, '0', 0),
    AddToHistory: false,
    HostInfo: noHost,
    PowerShell: object({
      IsNested: false,
      ExtraCmds: null,
      Cmds: list([command], listOfObjects),
      History: null,
      RedirectShellErrorOutputPipe: false,
    }),
    IsNested: false,
  })
}
