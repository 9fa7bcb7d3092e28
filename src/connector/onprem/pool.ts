import type { Cmdlet } from '../transport.ts'
import { createPipeline, initRunspacePool, sessionCapability } from './bodies.ts'
import { type Clixml, numberOf, property, textOf } from './clixml.ts'
import { readClixml } from './clixml-reader.ts'
import { writeClixml } from './clixml-writer.ts'
import { createDefragmenter, createFragmenter } from './fragments.ts'
import { decodeMessage, encodeMessage, type Message, pipelineStates, poolStates } from './messages.ts'
import { ProtocolError } from './xml.ts'

/** What a server says that its client must know. */
export type PoolEvent =
  | { readonly kind: 'opened' }
  /** The pool is closed or broken; no pipeline of it goes on. */
  | { readonly kind: 'gone'; readonly error: Clixml | undefined }
  | { readonly kind: 'output'; readonly value: Clixml }
  | { readonly kind: 'error'; readonly record: Clixml }
  | { readonly kind: 'warning'; readonly text: string }
  /** A cmdlet wants something of a person, and nobody is there. */
  | { readonly kind: 'question'; readonly method: string }
  | { readonly kind: 'ended'; readonly state: keyof typeof pipelineStates; readonly error: Clixml | undefined }

/** What one message, and one pipeline, may bring before it is given up. */
export interface Limits {
  readonly messageBytes: number
  readonly pipelineBytes: number
  readonly pipelineObjects: number
}

type State = { readonly is: 'new' | 'negotiated' | 'opened' | 'gone' } | Running
interface Running {
  readonly is: 'running'
  readonly pipeline: string
  bytes: number
  objects: number
}

export interface Pool {
  /** What opens the pool: goes into the creationXml of the shell. */
  open(): Buffer
  /** The fragments that run a cmdlet, each of at most `size` bytes. */
  start(pipeline: string, cmdlet: Cmdlet, size: number): Buffer[]
  receive(bytes: Uint8Array): PoolEvent[]
  /** An answer got lost and was asked for again. */
  afterLoss(): void
  /** Whether it can run a pipeline: it is open, none runs, and nothing is left half said. */
  isReady(): boolean
  /** The server's protocol version 2.x, once it is known. */
  minor(): number
}

/** [MS-PSRP] 2.2.2.1: another major version is another protocol. */
function minorVersion(capability: Clixml) {
  const [major, minor] = (textOf(property(capability, 'protocolversion')) ?? '').split('.').map(Number)
  if (major !== 2 || minor === undefined || Number.isNaN(minor))
    throw new ProtocolError('The server speaks another version of the PowerShell Remoting Protocol')
  return minor
}

const stateName = (number: number | undefined) => {
  for (const state of ['stopped', 'completed', 'failed'] as const) if (pipelineStates[state] === number) return state
  return undefined
}

/**
 * The client's side of one runspace pool with at most one pipeline at a time: bytes in, bytes and events out
 * ([MS-PSRP] 3.1.1.2.2 and 3.1.1.3.2). Who carries the bytes is not its concern.
 */
export function createPool(id: string, limits: Limits): Pool {
  const fragment = createFragmenter()
  const defragmenter = createDefragmenter(limits.messageBytes)
  let state: State = { is: 'new' }
  let minor = 0

  const ofPool = ({ type, data }: Message): PoolEvent[] => {
    if (type === 'SESSION_CAPABILITY' && state.is === 'new') {
      minor = minorVersion(readClixml(data))
      state = { is: 'negotiated' }
    }
    if (type !== 'RUNSPACEPOOL_STATE') return []
    const body = readClixml(data)
    const number = numberOf(property(body, 'RunspaceState'))
    if (number === poolStates.opened && state.is === 'negotiated') {
      state = { is: 'opened' }
      return [{ kind: 'opened' }]
    }
    if (number !== poolStates.closed && number !== poolStates.broken) return []
    state = { is: 'gone' }
    return [{ kind: 'gone', error: property(body, 'ExceptionAsErrorRecord') }]
  }

  const count = (running: Running, bytes: number, objects: number) => {
    running.bytes += bytes
    running.objects += objects
    if (running.bytes > limits.pipelineBytes || running.objects > limits.pipelineObjects)
      throw new ProtocolError('The answer is larger than what is taken in')
  }

  const ofPipeline = ({ type, data }: Message, running: Running): PoolEvent[] => {
    count(running, data.length, type === 'PIPELINE_OUTPUT' ? 1 : 0)
    if (type === 'PIPELINE_OUTPUT') return [{ kind: 'output', value: data === '' ? null : readClixml(data) }]
    if (type === 'ERROR_RECORD') return [{ kind: 'error', record: readClixml(data) }]
    if (type === 'WARNING_RECORD') {
      const record = readClixml(data)
      return [{ kind: 'warning', text: textOf(property(record, 'InformationalRecord_Message') ?? record) ?? '' }]
    }
    if (type === 'PIPELINE_HOST_CALL') return hostCall(readClixml(data))
    if (type !== 'PIPELINE_STATE') return []
    const body = readClixml(data)
    const ended = stateName(numberOf(property(body, 'PipelineState')))
    if (!ended) return []
    state = { is: 'opened' }
    return [{ kind: 'ended', state: ended, error: property(body, 'ExceptionAsErrorRecord') }]
  }

  return {
    open() {
      const capability = encodeMessage('SESSION_CAPABILITY', 'server', { pool: id }, writeClixml(sessionCapability()))
      const init = encodeMessage('INIT_RUNSPACEPOOL', 'server', { pool: id }, writeClixml(initRunspacePool()))
      return Buffer.concat([capability, init].flatMap((message) => fragment(message, message.length + 64)))
    },
    start(pipeline, cmdlet, size) {
      if (state.is !== 'opened') throw new ProtocolError(`A pipeline in a pool that is ${state.is}`)
      state = { is: 'running', pipeline: pipeline.toLowerCase(), bytes: 0, objects: 0 }
      const body = writeClixml(createPipeline(cmdlet, minor))
      return fragment(encodeMessage('CREATE_PIPELINE', 'server', { pool: id, pipeline }, body), size)
    },
    receive: (bytes) =>
      defragmenter.push(bytes).flatMap((bytes) => {
        const message = decodeMessage(bytes)
        if (state.is === 'running' && message.pipeline === state.pipeline) return ofPipeline(message, state)
        return ofPool(message)
      }),
    afterLoss: () => defragmenter.afterLoss(),
    isReady: () => state.is === 'opened' && !defragmenter.pending(),
    minor: () => minor,
  }
}

/** [MS-PSRP] 2.2.2.27: a call with the id -100 wants no answer. */
function hostCall(call: Clixml): PoolEvent[] {
  if (numberOf(property(call, 'ci')) === -100) return []
  return [{ kind: 'question', method: textOf(property(call, 'mi')) ?? 'something' }]
}
