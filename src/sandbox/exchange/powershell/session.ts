import { setImmediate } from 'node:timers/promises'
import { type Clixml, int32, object, property, textOf, version } from '../../../connector/onprem/clixml.ts'
import { readClixml } from '../../../connector/onprem/clixml-reader.ts'
import { writeClixml } from '../../../connector/onprem/clixml-writer.ts'
import { createDefragmenter, createFragmenter } from '../../../connector/onprem/fragments.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageType,
  noPipeline,
  pipelineStates,
  poolStates,
} from '../../../connector/onprem/messages.ts'
import { ProtocolError } from '../../../connector/onprem/xml.ts'
import type { Result } from '../cmdlets.ts'
import { CmdletError } from '../errors.ts'
import type { Organization } from '../model.ts'
import type { Ending, Sandbox } from '../sandbox.ts'
import { type Command, readPipeline } from './pipeline.ts'
import {
  errorRecord,
  type Failure,
  failureOf,
  promptRefused,
  scriptRefused,
  writeRow,
  writeWarning,
} from './records.ts'
import { createStream, type Stream } from './stream.ts'

/** Windows' servers cut what they say into pieces of this size, headers included. */
const fragmentSize = 32_768
const maxMessage = 8 * 1024 * 1024

/** The version that the PowerShell below each Exchange speaks. */
const protocolOf = ({ version: { major, minor } }: Organization) => {
  if (major < 15) return '2.1'
  return minor === 0 ? '2.2' : '2.3'
}

/** A command that came with its first fragment, and may still wait for the others. */
interface Running {
  readonly stream: Stream
  /** Set once CREATE_PIPELINE is whole. */
  pipeline: string | undefined
  isStopped: boolean
  /** Its answers are to be unreadable. */
  isGarbled: boolean
  /** What comes of it, for a fault to be acted out with. */
  ending: Promise<Ending<unknown>> | undefined
}

/** What happens to the request that brought the last part of a cmdlet. */
export type Reception = 'taken' | 'lost' | { readonly status: number }

export type Session = ReturnType<typeof createSession>

/** The server's side of one runspace pool ([MS-PSRP] 3.2): restricted to the cmdlets of the organization's account. */
export function createSession(sandbox: Sandbox, organization: Organization) {
  const fragment = createFragmenter()
  const heard = createDefragmenter(maxMessage)
  const commands = new Map<string, Running>()
  const stream = createStream()
  let pool = noPipeline
  let state: 'new' | 'negotiated' | 'opened' = 'new'

  function* say(type: MessageType, body: string, pipeline = noPipeline, of = pool) {
    yield* fragment(encodeMessage(type, 'client', { pool: of, pipeline }, body && `\ufeff${body}`), fragmentSize)
  }

  const end = (running: Running, state: keyof typeof pipelineStates, error?: Clixml) => {
    const body = object({
      PipelineState: int32(pipelineStates[state]),
      ...(error !== undefined && { ExceptionAsErrorRecord: error }),
    })
    running.stream.feed(say('PIPELINE_STATE', writeClixml(body), running.pipeline))
    running.stream.finish()
  }

  const fail = (running: Running, failure: Failure) => {
    if (failure.terminating) return end(running, 'failed', errorRecord(failure))
    running.stream.feed(say('ERROR_RECORD', writeClixml(errorRecord(failure)), running.pipeline))
    end(running, 'completed')
  }

  function* rows({ table }: Result & { readonly confirmation?: undefined }, cmdlet: string, pipeline?: string) {
    const noun = cmdlet.slice(cmdlet.indexOf('-') + 1)
    for (let row = 0; table && row < table.keys.length; row++)
      yield* say('PIPELINE_OUTPUT', writeRow(table, row, noun), pipeline)
  }

  const deliver = (running: Running, { name }: Command, result: Result | CmdletError) => {
    if (result instanceof CmdletError) return fail(running, failureOf(result, name, sandbox.now()))
    if (result.confirmation !== undefined) return fail(running, promptRefused(name, result.confirmation))
    for (const warning of result.warnings ?? [])
      running.stream.feed(say('WARNING_RECORD', writeWarning(warning), running.pipeline))
    running.stream.feed(rows(result, name, running.pipeline))
    end(running, 'completed')
  }

  /** Runs the first command; the others of a pipeline are such as nobody may use here. */
  const run = (running: Running, [command, ...others]: readonly Command[]) => {
    if (!command) throw new ProtocolError('A pipeline without a command')
    const script = [command, ...others].find(({ isScript }) => isScript)
    if (script) return fail(running, scriptRefused(script.name))
    const call = others[0] ?? command
    running.ending = sandbox.withFaults(call.name, organization, () => {
      if (running.isStopped) return
      const { account } = organization
      deliver(
        running,
        call,
        sandbox.run({ cmdlet: call.name, parameters: call.parameters }, organization, 'PowerShell', account.user),
      )
    })
  }

  const open = () => {
    state = 'opened'
    const table = object({ PSVersionTable: object({ PSVersion: version('5.1.17763.1') }) })
    stream.feed(say('APPLICATION_PRIVATE_DATA', writeClixml(object({ ApplicationPrivateData: table }))))
    stream.feed(say('RUNSPACEPOOL_STATE', writeClixml(object({ RunspaceState: int32(poolStates.opened) }))))
  }

  const take = (message: Message, running?: Running) => {
    if (message.type === 'SESSION_CAPABILITY' && state === 'new') {
      const spoken = textOf(property(readClixml(message.data), 'protocolversion'))
      if (!spoken?.startsWith('2.')) throw new ProtocolError(`Protocol version ${spoken}`)
      state = 'negotiated'
      pool = message.pool
      const own = object({
        protocolversion: version(protocolOf(organization)),
        PSVersion: version('2.0'),
        SerializationVersion: version('1.1.0.1'),
      })
      stream.feed(say('SESSION_CAPABILITY', writeClixml(own), noPipeline, noPipeline))
    } else if (message.type === 'INIT_RUNSPACEPOOL' && state === 'negotiated') open()
    else if (message.type === 'CREATE_PIPELINE' && state === 'opened' && running && message.pool === pool) {
      running.pipeline = message.pipeline
      run(running, readPipeline(message.data))
    } else throw new ProtocolError(`${message.type} out of place`)
  }

  const hear = (bytes: Buffer, running?: Running) => {
    for (const message of heard.push(bytes)) take(decodeMessage(message), running)
  }

  /** A fault that is acted out at once ends the request; one that takes its time lets it go on. */
  const reception = async (running: Running): Promise<Reception> => {
    const soon = await Promise.race([running.ending, setImmediate(undefined)])
    if (soon?.kind === 'lost') return 'lost'
    running.isGarbled = soon?.kind === 'garbled'
    if (soon?.kind === 'status') {
      running.stream.finish()
      return { status: soon.status }
    }
    return 'taken'
  }

  return {
    stream,
    commands,
    open: (bytes: Buffer) => hear(bytes),

    /** The first part of a cmdlet; the id is that of its pipeline. */
    async command(id: string, bytes: Buffer): Promise<Reception> {
      if ([...commands.values()].some((running) => !running.stream.isDone()))
        throw new ProtocolError('A second pipeline')
      const running: Running = {
        stream: createStream(),
        pipeline: undefined,
        isStopped: false,
        isGarbled: false,
        ending: undefined,
      }
      commands.set(id, running)
      hear(bytes, running)
      return reception(running)
    },

    async send(id: string, bytes: Buffer): Promise<Reception> {
      const running = commands.get(id)
      if (!running) return 'taken'
      hear(bytes, running)
      return reception(running)
    },

    stop(running: Running) {
      if (running.stream.isDone()) return
      running.isStopped = true
      running.stream.clear()
      end(running, 'stopped')
    },
  }
}
