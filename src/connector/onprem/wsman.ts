import { type Element, escapeXml, find, ProtocolError, readXml } from './xml.ts'

/** The namespaces of SOAP 1.2, WS-Addressing, WS-Management and its remote shell ([MS-WSMV] 2.2.1). */
export const namespaces = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  a: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  x: 'http://schemas.xmlsoap.org/ws/2004/09/transfer',
  w: 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd',
  p: 'http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd',
  f: 'http://schemas.microsoft.com/wbem/wsman/1/wsmanfault',
  rsp: 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell',
} as const

const { s, a, w, f, rsp } = namespaces

/** Exchange's own kind of remote shell. */
export const exchangeResource = 'http://schemas.microsoft.com/powershell/Microsoft.Exchange'

const actions = {
  create: 'http://schemas.xmlsoap.org/ws/2004/09/transfer/Create',
  delete: 'http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete',
  command: `${rsp}/Command`,
  receive: `${rsp}/Receive`,
  send: `${rsp}/Send`,
  signal: `${rsp}/Signal`,
} as const

/** What a signal does; the misspelling is that of [MS-PSRP] 3.1.5.3.9 and of Windows. */
export const signals = { stop: 'powershell/signal/crtl_c', terminate: `${rsp}/signal/Terminate` } as const

/** WSManFault codes that are not simply failures ([MS-ERREF] 2.1, as decimal numbers). */
export const faults = {
  timedOut: '2150858793',
  notFound: '2150858843',
  resourceUnknown: '2150858811',
  accessDenied: '5',
  redirect: '2150859161',
} as const

/** One operation on a shell; `options` become an OptionSet. */
export interface Operation {
  readonly action: keyof typeof actions
  readonly body: string
  readonly options?: string
}

const option = (name: string, value: string, more = '') => `<w:Option Name="${name}"${more}>${value}</w:Option>`
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

/** [MS-PSRP] 3.1.5.3.1: the client chooses the id of its shell. */
export const create = (shellId: string, idle: string, creation: Uint8Array): Operation => ({
  action: 'create',
  options: option('protocolversion', '2.3', ' MustComply="true"'),
  body:
    `<rsp:Shell ShellId="${shellId.toUpperCase()}"><rsp:InputStreams>stdin pr</rsp:InputStreams>` +
    `<rsp:OutputStreams>stdout</rsp:OutputStreams><rsp:IdleTimeOut>${idle}</rsp:IdleTimeOut>` +
    `<creationXml xmlns="http://schemas.microsoft.com/powershell">${base64(creation)}</creationXml></rsp:Shell>`,
})

const forCommand = (commandId: string | undefined) => (commandId ? ` CommandId="${escapeXml(commandId)}"` : '')

/** [MS-PSRP] 3.1.5.3.7: of the shell itself, or of one command of it. */
export const receive = (commandId?: string): Operation => ({
  action: 'receive',
  options: option('WSMAN_CMDSHELL_OPTION_KEEPALIVE', 'TRUE'),
  body: `<rsp:Receive><rsp:DesiredStream${forCommand(commandId)}>stdout</rsp:DesiredStream></rsp:Receive>`,
})

/** [MS-PSRP] 3.1.5.3.3: the name of the command stays empty, its arguments are the first fragment. */
export const command = (commandId: string, fragment: Uint8Array): Operation => ({
  action: 'command',
  body:
    `<rsp:CommandLine CommandId="${commandId.toUpperCase()}"><rsp:Command/>` +
    `<rsp:Arguments>${base64(fragment)}</rsp:Arguments></rsp:CommandLine>`,
})

export const send = (commandId: string, fragment: Uint8Array): Operation => ({
  action: 'send',
  body: `<rsp:Send><rsp:Stream Name="stdin"${forCommand(commandId)}>${base64(fragment)}</rsp:Stream></rsp:Send>`,
})

export const signal = (commandId: string, code: keyof typeof signals): Operation => ({
  action: 'signal',
  body: `<rsp:Signal${forCommand(commandId)}><rsp:Code>${signals[code]}</rsp:Code></rsp:Signal>`,
})

export const deletion: Operation = { action: 'delete', body: '' }

export interface Addressing {
  readonly to: string
  readonly messageId: string
  readonly sessionId: string
  /** As the server returned it; absent until there is a shell. */
  readonly shellId?: string | undefined
  readonly maxEnvelope: number
  readonly operationSeconds: number
}

const must = 's:mustUnderstand="true"'
const language = 'xml:lang="en-US" s:mustUnderstand="false"'

/** One request. Its texts are asked for in English, so that a log can be searched. */
export function writeEnvelope({ action, body, options }: Operation, to: Addressing): string {
  const selector =
    to.shellId === undefined
      ? ''
      : `<w:SelectorSet><w:Selector Name="ShellId">${escapeXml(to.shellId)}</w:Selector></w:SelectorSet>`
  return (
    `<s:Envelope ${Object.entries(namespaces)
      .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
      .join(' ')}><s:Header><a:To>${escapeXml(to.to)}</a:To>` +
    `<a:ReplyTo><a:Address ${must}>${a}/role/anonymous</a:Address></a:ReplyTo>` +
    `<a:Action ${must}>${actions[action]}</a:Action><a:MessageID>uuid:${to.messageId.toUpperCase()}</a:MessageID>` +
    `<w:ResourceURI ${must}>${exchangeResource}</w:ResourceURI>` +
    `<w:MaxEnvelopeSize ${must}>${to.maxEnvelope}</w:MaxEnvelopeSize>` +
    `<w:OperationTimeout>PT${to.operationSeconds}S</w:OperationTimeout>` +
    `<w:Locale ${language}/><p:DataLocale ${language}/>` +
    `<p:SessionId s:mustUnderstand="false">uuid:${to.sessionId.toUpperCase()}</p:SessionId>${selector}` +
    `${options ? `<w:OptionSet ${must}>${options}</w:OptionSet>` : ''}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
  )
}

/** A SOAP fault: the server has seen the operation and did not carry it out. */
export class WsmanFault extends Error {
  override readonly name = 'WsmanFault'
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

const texts = (element: Element): string => `${element.text}${element.children.map(texts).join('')}`.trim()

/** What a subcode means where no WSManFault says it ([DSP0226] 14.6); a shell that is gone is a selector of nothing. */
const codes: ReadonlyMap<string, string> = new Map([
  ['TimedOut', faults.timedOut],
  ['InvalidSelectors', faults.notFound],
  ['AccessDenied', faults.accessDenied],
])

function faultOf(fault: Element) {
  const detail = find(fault, f, 'WSManFault')
  const message = (detail && texts(detail)) || texts(find(fault, s, 'Text') ?? fault)
  const [subcode = ''] = /\w+$/.exec(texts(find(fault, s, 'Subcode') ?? fault)) ?? []
  return new WsmanFault(message, detail?.attributes.get('Code') ?? codes.get(subcode))
}

/** Reads an answer to the request `messageId` and returns its body; a fault is thrown as a WsmanFault. */
export function readAnswer(xml: string, messageId: string): Element {
  const envelope = readXml(xml)
  const body = find(envelope, s, 'Body')
  if (envelope.uri !== s || envelope.name !== 'Envelope' || !body) throw new ProtocolError('The answer is not SOAP')
  const fault = find(body, s, 'Fault')
  const relatesTo = find(envelope, a, 'RelatesTo')?.text.trim().toLowerCase()
  if (relatesTo !== undefined && relatesTo !== `uuid:${messageId.toLowerCase()}`)
    throw new ProtocolError('The answer belongs to another request')
  if (fault) throw faultOf(fault)
  return body
}

/** Seconds of an xs:duration as WSMan writes it: `PT7200.000S`, `P0DT0H15M0S`. */
function seconds(duration: string): number | undefined {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration.trim())
  if (!parts) return undefined
  const [, days = 0, hours = 0, minutes = 0, rest = 0] = parts
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(rest)
}

export function readCreated(body: Element, requested: string) {
  const selectors = find(body, w, 'SelectorSet')?.children ?? []
  const selected = selectors.find(({ attributes }) => attributes.get('Name') === 'ShellId')
  const shellId = (selected ?? find(body, rsp, 'ShellId'))?.text.trim() || requested.toUpperCase()
  return { shellId, idleSeconds: seconds(find(body, rsp, 'IdleTimeOut')?.text ?? '') }
}

/** The id under which the server knows a command from now on: its own, or else the requested one. */
export function readCommandId(body: Element, requested: string): string {
  if (!find(body, rsp, 'CommandResponse')) throw new ProtocolError('The answer is not one to Command')
  return find(body, rsp, 'CommandId')?.text.trim() || requested.toUpperCase()
}

export interface Received {
  readonly chunks: readonly Buffer[]
  /** The command is done: nothing more will come. */
  readonly done: boolean
}

export function readReceived(body: Element): Received {
  const response = find(body, rsp, 'ReceiveResponse')
  if (!response) throw new ProtocolError('The answer is not one to Receive')
  const streams = response.children.filter(({ uri, name }) => uri === rsp && name === 'Stream')
  const state = find(response, rsp, 'CommandState')?.attributes.get('State')
  return {
    chunks: streams.map(({ text }) => Buffer.from(text, 'base64')),
    done: state?.endsWith('/Done') === true,
  }
}
