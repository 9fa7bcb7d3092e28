/**
 * Why Exchange did not run a cmdlet. Each door has its own way to say it, so the kind is told apart from the text;
 * `type` is the .NET exception.
 */
export class CmdletError extends Error {
  override readonly name = 'CmdletError'
  readonly kind: Kind
  readonly type: string
  /** The parameters that do not exist, or that are missing. */
  readonly parameters: readonly string[]

  constructor(kind: Kind, message: string, about: { type?: string; parameters?: readonly string[] } = {}) {
    super(message)
    this.kind = kind
    this.type = about.type ?? types[kind]
    this.parameters = about.parameters ?? []
  }
}

type Kind = keyof typeof types

/**
 * `hidden`: no such cmdlet, or not for this account, which is the same to Exchange; `parameter`: no such parameter;
 * `argument`: the text is no value of the parameter's type.
 */
const types = {
  hidden: 'System.Management.Automation.CommandNotFoundException',
  parameter: 'System.Management.Automation.ParameterBindingException',
  argument: 'System.Management.Automation.ParameterBindingArgumentTransformationException',
  notFound: 'Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException',
  refused: 'System.InvalidOperationException',
} as const
