import { ProtocolError } from './xml.ts'

/** [MS-PSRP] 2.2.1: the messages that Windows' servers and clients exchange without a host and without secrets. */
export const messageTypes = {
  SESSION_CAPABILITY: 0x00010002,
  INIT_RUNSPACEPOOL: 0x00010004,
  RUNSPACEPOOL_STATE: 0x00021005,
  CREATE_PIPELINE: 0x00021006,
  USER_EVENT: 0x00021008,
  APPLICATION_PRIVATE_DATA: 0x00021009,
  RUNSPACEPOOL_INIT_DATA: 0x0002100b,
  RUNSPACEPOOL_HOST_CALL: 0x00021100,
  PIPELINE_OUTPUT: 0x00041004,
  ERROR_RECORD: 0x00041005,
  PIPELINE_STATE: 0x00041006,
  DEBUG_RECORD: 0x00041007,
  VERBOSE_RECORD: 0x00041008,
  WARNING_RECORD: 0x00041009,
  PROGRESS_RECORD: 0x00041010,
  INFORMATION_RECORD: 0x00041011,
  PIPELINE_HOST_CALL: 0x00041100,
} as const

export type MessageType = keyof typeof messageTypes

const typeNames: ReadonlyMap<number, string> = new Map(Object.entries(messageTypes).map(([name, code]) => [code, name]))

/** [MS-PSRP] 2.2.3.4 RunspacePoolState and 2.2.3.5 PSInvocationState, as far as they end something. */
export const poolStates = { opened: 2, closed: 3, broken: 5 } as const
export const pipelineStates = { stopped: 3, completed: 4, failed: 5 } as const

export interface Message {
  /** A name of `messageTypes`; a type that is not known keeps its number. */
  readonly type: string
  readonly pool: string
  /** `noPipeline` where the message belongs to the pool. */
  readonly pipeline: string
  readonly data: string
}

export const noPipeline = '00000000-0000-0000-0000-000000000000'

const headerLength = 40
const destinations = { server: 2, client: 1 } as const

/** .NET's byte order: the first three groups are little-endian ([MS-DTYP] 2.3.4.2). */
const swap = (guid: Buffer) => {
  guid.subarray(0, 4).reverse()
  guid.subarray(4, 6).reverse()
  guid.subarray(6, 8).reverse()
  return guid
}

const guidBytes = (guid: string) => swap(Buffer.from(guid.replaceAll('-', ''), 'hex'))

const guidText = (bytes: Buffer) =>
  swap(Buffer.from(bytes))
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** [MS-PSRP] 2.2.1; numbers of a message are little-endian, unlike those of a fragment. */
export function encodeMessage(
  type: MessageType,
  to: keyof typeof destinations,
  { pool, pipeline = noPipeline }: { readonly pool: string; readonly pipeline?: string },
  data: string,
): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(destinations[to], 0)
  header.writeUInt32LE(messageTypes[type], 4)
  return Buffer.concat([header, guidBytes(pool), guidBytes(pipeline), Buffer.from(data, 'utf8')])
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a message that its fragments have made whole; a byte order mark before its data is dropped. */
export function decodeMessage(bytes: Buffer): Message {
  if (bytes.length < headerLength) throw new ProtocolError('A message shorter than its header')
  const code = bytes.readUInt32LE(4)
  let data: string
  try {
    data = utf8.decode(bytes.subarray(headerLength))
  } catch (cause) {
    throw new ProtocolError('A message that is not UTF-8', { cause })
  }
  return {
    type: typeNames.get(code) ?? code.toString(16).padStart(8, '0'),
    pool: guidText(bytes.subarray(8, 24)),
    pipeline: guidText(bytes.subarray(24, 40)),
    data,
  }
}
