import { randomUUID } from 'node:crypto'
import { namespaces } from '../../../connector/onprem/wsman.ts'
import { type Element, escapeXml, find, ProtocolError, readXml } from '../../../connector/onprem/xml.ts'

const { a, rsp, s, w } = namespaces

/** An operation on a shell, as its envelope asks for it. */
export interface Operation {
  /** `Create`, `Receive`, … */
  readonly name: string
  readonly messageId: string
  readonly resource: string
  readonly shellId: string | undefined
  readonly options: ReadonlyMap<string, string>
  /** How large the answer may be. */
  readonly maxEnvelope: number
  readonly timeoutMs: number
  readonly body: Element
}

/** An operation that is not carried out ([MS-WSMV] 2.2.4.43). */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: number
  readonly subcode: string

  constructor(code: number, subcode: string, message: string) {
    super(message)
    this.code = code
    this.subcode = subcode
  }
}

const textOf = (within: Element, uri: string, name: string) => find(within, uri, name)?.text.trim()

/** Seconds of an OperationTimeout such as `PT60S` or `PT60.000S`. */
const seconds = (duration = '') => Number(/^PT(\d+(?:\.\d+)?)S$/.exec(duration)?.[1] ?? 60)

/** Reads a request; a header that the real server insists on must be there. */
export function readOperation(text: string): Operation {
  let envelope: Element
  try {
    envelope = readXml(text)
  } catch (error) {
    if (error instanceof ProtocolError) throw new Fault(2150858752, 'w:SchemaValidationError', error.message)
    throw error
  }
  const header = find(envelope, s, 'Header')
  const body = find(envelope, s, 'Body')
  const action = header && textOf(header, a, 'Action')
  const messageId = header && textOf(header, a, 'MessageID')
  const replyTo = header && find(header, a, 'ReplyTo') && textOf(header, a, 'To')
  if (!header || !body || !action || !messageId || !replyTo)
    throw new Fault(2150858817, 'a:MessageInformationHeaderRequired', 'The request lacks a WS-Addressing header.')
  const options = find(header, w, 'OptionSet')?.children ?? []
  return {
    name: action.slice(action.lastIndexOf('/') + 1),
    messageId,
    resource: textOf(header, w, 'ResourceURI') ?? '',
    shellId: textOf(header, w, 'Selector'),
    options: new Map(options.map(({ attributes, text }) => [attributes.get('Name')?.toLowerCase() ?? '', text])),
    maxEnvelope: Number(textOf(header, w, 'MaxEnvelopeSize') ?? 153_600),
    timeoutMs: seconds(textOf(header, w, 'OperationTimeout')) * 1000,
    body,
  }
}

const declarations = Object.entries(namespaces)
  .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
  .join(' ')

const envelope = (action: string, relatesTo: string | undefined, body: string) =>
  `<s:Envelope xml:lang="en-US" ${declarations}><s:Header><a:Action>${action}</a:Action>` +
  `<a:MessageID>uuid:${randomUUID().toUpperCase()}</a:MessageID><a:To>${a}/role/anonymous</a:To>` +
  `${relatesTo ? `<a:RelatesTo>${escapeXml(relatesTo)}</a:RelatesTo>` : ''}</s:Header><s:Body>${body}</s:Body></s:Envelope>`

const transfer = new Set(['Create', 'Delete'])

export const writeAnswer = ({ name, messageId }: Operation, body: string) =>
  envelope(`${transfer.has(name) ? namespaces.x : rsp}/${name}Response`, messageId, body)

export function writeFault({ code, subcode, message }: Fault, relatesTo: string | undefined) {
  const text = escapeXml(message)
  return envelope(
    `${namespaces.w.replace(/wsman\.xsd$/, 'fault')}`,
    relatesTo,
    `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>${subcode}</s:Value></s:Subcode></s:Code>` +
      `<s:Reason><s:Text xml:lang="en-US">${text}</s:Text></s:Reason><s:Detail><f:WSManFault Code="${code}" Machine="ex1">` +
      `<f:Message>${text}</f:Message></f:WSManFault></s:Detail></s:Fault>`,
  )
}
