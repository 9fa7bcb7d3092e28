import { type Clixml, isObject, numberOf, property, textOf } from '../../../connector/onprem/clixml.ts'
import { readClixml } from '../../../connector/onprem/clixml-reader.ts'
import { ProtocolError } from '../../../connector/onprem/xml.ts'

/** A command of a pipeline, as its client sent it. */
export interface Command {
  readonly name: string
  readonly isScript: boolean
  readonly parameters: Readonly<Record<string, unknown>>
}

/** What stands for an argument in the tables of the cmdlets. */
function plain(value: Clixml): unknown {
  if (value === null || typeof value !== 'object') return value
  if (!isObject(value)) return numberOf(value) ?? value.text
  if (value.items) return value.items.map(plain)
  if (value.entries) return Object.fromEntries(value.entries.map(([key, item]) => [textOf(key) ?? '', plain(item)]))
  return value.value === undefined ? (value.text ?? null) : plain(value.value)
}

const itemsOf = (value: Clixml | undefined) => (isObject(value) ? (value.items ?? []) : [])

/** A strict server refuses a message that lacks one of its properties ([MS-PSRP] 2.2.2.10 and 2.2.3.12). */
function demand(of: Clixml | undefined, ...names: readonly string[]) {
  for (const name of names)
    if (property(of, name) === undefined) throw new ProtocolError(`CREATE_PIPELINE lacks ${name}`)
}

/** The commands of a CREATE_PIPELINE message. */
export function readPipeline(data: string): readonly Command[] {
  const message = readClixml(data)
  demand(message, 'NoInput', 'ApartmentState', 'RemoteStreamOptions', 'AddToHistory', 'HostInfo', 'PowerShell')
  const shell = property(message, 'PowerShell')
  demand(shell, 'IsNested', 'Cmds', 'History', 'RedirectShellErrorOutputPipe')
  return itemsOf(property(shell, 'Cmds')).map((command) => {
    demand(
      command,
      'Cmd',
      'IsScript',
      'UseLocalScope',
      'MergeMyResult',
      'MergeToResult',
      'MergePreviousResults',
      'Args',
    )
    const parameters = itemsOf(property(command, 'Args')).map((argument) => {
      const name = textOf(property(argument, 'N')) ?? ''
      return [name.replace(/^-/, '').replace(/:$/, ''), plain(property(argument, 'V') ?? null)]
    })
    return {
      name: textOf(property(command, 'Cmd')) ?? '',
      isScript: property(command, 'IsScript') === true,
      parameters: Object.fromEntries(parameters),
    }
  })
}
