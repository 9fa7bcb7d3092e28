import { randomUUID } from 'node:crypto'
import { exchangeResource, faults, namespaces, signals } from '../../../connector/onprem/wsman.ts'
import { type Element, escapeXml, find } from '../../../connector/onprem/xml.ts'
import type { Organization } from '../model.ts'
import type { Reception } from './session.ts'
import { notFound, type Shell, type Shells } from './shells.ts'
import { Fault, type Operation } from './soap.ts'
import type { Stream } from './stream.ts'

const { rsp } = namespaces

/** How an operation ends: with the body of an envelope, with a bare status, or with a broken connection. */
export type Outcome = string | Exclude<Reception, 'taken'>

const timedOut = () =>
  new Fault(
    Number(faults.timedOut),
    'w:TimedOut',
    'The WS-Management service cannot complete the operation within the time specified in OperationTimeout.',
  )

const bytesOf = (element: Element | undefined) => Buffer.from(element?.text ?? '', 'base64')
const commandIdOf = (element: Element | undefined) => element?.attributes.get('CommandId')?.toUpperCase() ?? ''

/** What an envelope and each fragment in it take besides their content. */
const envelopeRoom = 4000
const costOf = (fragment: Buffer) => Math.ceil(fragment.length / 3) * 4 + 120

/** The operations on remote shells ([MS-WSMV] 3.1.4). */
export function createOperations(shells: Shells) {
  /** The last answer to a Receive: whoever asks again with the same message gets the same answer. */
  const answers = new WeakMap<Stream, { readonly messageId: string; readonly body: string }>()

  async function receive(operation: Operation, shell: Shell, closed: AbortSignal): Promise<string> {
    if (shell.refusal) {
      shells.remove(shell)
      throw new Fault(Number(faults.accessDenied), 'w:AccessDenied', shell.refusal)
    }
    const id = commandIdOf(find(operation.body, rsp, 'DesiredStream'))
    const running = shell.session.commands.get(id)
    const stream = id === '' ? shell.session.stream : running?.stream
    if (!stream) throw notFound()
    const last = answers.get(stream)
    if (last?.messageId === operation.messageId) return last.body
    if (id !== '' && stream.isDone()) throw notFound()
    await stream.wait(operation.timeoutMs, AbortSignal.any([closed, shell.gone.signal]))
    if (shell.gone.signal.aborted) throw new Fault(995, 'w:InternalError', 'The I/O operation has been aborted.')
    if (closed.aborted) return ''
    const fragments = stream.take(operation.maxEnvelope - envelopeRoom, costOf)
    const isDone = id !== '' && stream.isDone()
    if (fragments.length === 0 && !isDone) throw timedOut()
    const about = id === '' ? '' : ` CommandId="${id}"`
    const streams = fragments.map(
      (bytes) => `<rsp:Stream Name="stdout"${about}>${bytes.toString('base64')}</rsp:Stream>`,
    )
    const state = isDone ? `<rsp:CommandState${about} State="${rsp}/CommandState/Done"/>` : ''
    const end = running?.isGarbled ? '' : '</rsp:ReceiveResponse>'
    const body = `<rsp:ReceiveResponse>${streams.join('')}${state}${end}`
    answers.set(stream, { messageId: operation.messageId, body })
    return body
  }

  async function command({ body }: Operation, { session }: Shell): Promise<Outcome> {
    const id = commandIdOf(find(body, rsp, 'CommandLine')) || randomUUID().toUpperCase()
    const reception = await session.command(id, bytesOf(find(body, rsp, 'Arguments')))
    if (reception !== 'taken') return reception
    return `<rsp:CommandResponse><rsp:CommandId>${id}</rsp:CommandId></rsp:CommandResponse>`
  }

  async function send({ body }: Operation, { session }: Shell): Promise<Outcome> {
    const stream = find(body, rsp, 'Stream')
    const reception = await session.send(commandIdOf(stream), bytesOf(stream))
    return reception === 'taken' ? '<rsp:SendResponse/>' : reception
  }

  async function signal({ body }: Operation, { session }: Shell) {
    const id = commandIdOf(find(body, rsp, 'Signal'))
    const running = session.commands.get(id)
    const code = find(body, rsp, 'Code')?.text.trim()
    if (!running) throw notFound()
    if (code === signals.stop) session.stop(running)
    else if (code === signals.terminate) session.commands.delete(id)
    else throw new Fault(2150858800, 'w:InvalidOptions', `There is no signal ${code}.`)
    return '<rsp:SignalResponse/>'
  }

  const operations: Readonly<
    Record<string, (operation: Operation, shell: Shell, closed: AbortSignal) => Promise<Outcome>>
  > = {
    Command: command,
    Receive: receive,
    Send: send,
    Signal: signal,
    async Delete(_, shell) {
      shells.remove(shell)
      return ''
    },
  }

  return {
    create({ body, options }: Operation, organization: Organization) {
      if (!options.get('protocolversion')?.startsWith('2.'))
        throw new Fault(2150859174, 'w:InvalidOptions', 'The option protocolversion is missing or not 2.x.')
      const wanted = find(body, rsp, 'Shell')?.attributes.get('ShellId') ?? randomUUID()
      const idle = Number(/^PT(\d+)/.exec(find(body, rsp, 'IdleTimeOut')?.text ?? '')?.[1] ?? 900)
      const creation = bytesOf(find(body, 'http://schemas.microsoft.com/powershell', 'creationXml'))
      const shell = shells.create(organization, wanted, idle, creation)
      const id = escapeXml(shell.id)
      const answer =
        `<x:ResourceCreated><a:ReferenceParameters><w:ResourceURI>${exchangeResource}</w:ResourceURI><w:SelectorSet>` +
        `<w:Selector Name="ShellId">${id}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>` +
        `<rsp:Shell><rsp:ShellId>${id}</rsp:ShellId><rsp:Owner>${escapeXml(organization.account.user)}</rsp:Owner>` +
        `<rsp:IdleTimeOut>PT${idle}.000S</rsp:IdleTimeOut><rsp:State>Connected</rsp:State></rsp:Shell>`
      return { shell, answer }
    },

    carryOut(operation: Operation, shell: Shell, closed: AbortSignal): Promise<Outcome> {
      const carry = operations[operation.name]
      if (!carry) throw new Fault(2150858755, 'a:ActionNotSupported', `There is no operation ${operation.name}.`)
      return carry(operation, shell, closed)
    },
  }
}
