import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeResource, faults, namespaces, signals } from '../../../connector/onprem/wsman.ts'
import { type Element, escapeXml, find, ProtocolError } from '../../../connector/onprem/xml.ts'
import { type Door, readBody, sendJson } from '../http.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'
import { createSession, type Reception, type Session } from './session.ts'
import { Fault, type Operation, readOperation, writeAnswer, writeFault } from './soap.ts'
import type { Stream } from './stream.ts'

const { a, rsp, w, x } = namespaces

/** PowerShellMaxConcurrency of the default throttling policy (New-ThrottlingPolicy). */
const maxShells = 18

/** A shell; the front end finds its server by a cookie. */
interface Shell {
  readonly id: string
  readonly organization: Organization
  readonly session: Session
  readonly cookie: string
  readonly idleMs: number
  usedAt: number
  /** Exchange refuses whoever opens too many, but only when they come for the first answer. */
  readonly refusal: string | undefined
  readonly gone: AbortController
}

/** How a request ends: with an envelope, with a bare status, or with a broken connection. */
type Outcome = string | Exclude<Reception, 'taken'>

const prefix = (category: string) =>
  `[ClientAccessServer=EX1,BackEndServer=ex1,RequestId=${randomUUID()},TimeStamp=${new Date().toISOString()}] [AuthZRequestId=${randomUUID()}][FailureCategory=${category}] `

const notFound = () =>
  new Fault(
    Number(faults.notFound),
    'w:InvalidSelectors',
    `${prefix('WSMan-InvalidShellID')}The request for the Windows Remote Shell failed because the shell was not found on the server.`,
  )

const tooMany = () =>
  `${prefix('AuthZ-AuthorizationException')}Fail to create a runspace because you have exceeded the maximum number of connections allowed : ${maxShells} for the policy party : MaxConcurrency. Please close existing runspace and try again.`

const timedOut = () =>
  new Fault(
    Number(faults.timedOut),
    'w:TimedOut',
    'The WS-Management service cannot complete the operation within the time specified in OperationTimeout.',
  )

const bytesOf = (element: Element | undefined) => Buffer.from(element?.text ?? '', 'base64')
const commandIdOf = (element: Element | undefined) => element?.attributes.get('CommandId')?.toUpperCase() ?? ''

/** The remote PowerShell of on-premises Exchange: [MS-PSRP] over [MS-WSMV], for accounts that log on with Basic. */
export function createPowerShellDoor(sandbox: Sandbox): Door {
  const shells = new Map<string, Shell>()
  /** The last answer to a Receive: whoever asks again with the same message gets the same answer. */
  const answers = new WeakMap<Stream, { readonly messageId: string; readonly body: string }>()

  function accountOf(authorization = ''): Organization | undefined {
    const [, encoded = ''] = /^Basic (.+)$/.exec(authorization) ?? []
    const [user, ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
    return [...sandbox.organizations.values()].find(
      ({ kind, account }) =>
        kind === 'onPremises' &&
        account.user.toLowerCase() === user?.toLowerCase() &&
        account.password === password.join(':'),
    )
  }

  function remove(shell: Shell) {
    shells.delete(shell.id)
    for (const running of shell.session.commands.values()) shell.session.stop(running)
    shell.gone.abort()
  }

  function removeExpired() {
    const now = sandbox.now()
    for (const shell of shells.values()) if (now - shell.usedAt > shell.idleMs) remove(shell)
  }

  /**
   * The shell that a request is for, if it is its account's and the cookie leads to its server. A Delete finds it
   * without: whoever lost the answer to Create has no cookie.
   */
  function shellOf({ shellId = '', name }: Operation, organization: Organization, cookie: string) {
    const shell = shells.get(shellId.toUpperCase())
    if (shell?.organization !== organization) throw notFound()
    if (!cookie.includes(shell.cookie) && name !== 'Delete') throw notFound()
    shell.usedAt = sandbox.now()
    return shell
  }

  function create({ body, options }: Operation, organization: Organization, to: string) {
    if (!options.get('protocolversion')?.startsWith('2.'))
      throw new Fault(2150859174, 'w:InvalidOptions', 'The option protocolversion is missing or not 2.x.')
    const wanted = find(body, rsp, 'Shell')?.attributes.get('ShellId')
    const idle = Number(/^PT(\d+)/.exec(find(body, rsp, 'IdleTimeOut')?.text ?? '')?.[1] ?? 900)
    const own = [...shells.values()].filter((shell) => shell.organization === organization)
    const shell: Shell = {
      id: (wanted ?? randomUUID()).toUpperCase(),
      organization,
      session: createSession(sandbox, organization),
      cookie: `X-BackEndCookie=${randomUUID()}`,
      idleMs: idle * 1000,
      usedAt: sandbox.now(),
      refusal: own.length < maxShells ? undefined : tooMany(),
      gone: new AbortController(),
    }
    shell.session.open(bytesOf(find(body, 'http://schemas.microsoft.com/powershell', 'creationXml')))
    shells.set(shell.id, shell)
    const selector = `<w:SelectorSet><w:Selector Name="ShellId">${escapeXml(shell.id)}</w:Selector></w:SelectorSet>`
    const answer =
      `<x:ResourceCreated xmlns:x="${x}"><a:Address xmlns:a="${a}">${escapeXml(to)}</a:Address><a:ReferenceParameters>` +
      `<w:ResourceURI xmlns:w="${w}">${exchangeResource}</w:ResourceURI>${selector}</a:ReferenceParameters></x:ResourceCreated>` +
      `<rsp:Shell><rsp:ShellId>${escapeXml(shell.id)}</rsp:ShellId><rsp:Owner>${escapeXml(organization.account.user)}</rsp:Owner>` +
      `<rsp:IdleTimeOut>PT${idle}.000S</rsp:IdleTimeOut><rsp:State>Connected</rsp:State></rsp:Shell>`
    return { shell, answer }
  }

  async function receive(operation: Operation, shell: Shell, closed: AbortSignal): Promise<string> {
    if (shell.refusal) {
      remove(shell)
      throw new Fault(Number(faults.accessDenied), 'w:AccessDenied', shell.refusal)
    }
    const id = commandIdOf(find(operation.body, rsp, 'DesiredStream'))
    const running = shell.session.commands.get(id)
    const stream = id === '' ? shell.session.stream : running?.stream
    if (!stream) throw notFound()
    const last = answers.get(stream)
    if (last?.messageId === operation.messageId) return last.body
    if (id !== '' && stream.isDone()) throw notFound()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const over = AbortSignal.any([closed, shell.gone.signal])
    over.addEventListener('abort', () => end(), { once: true })
    await Promise.race([stream.wait(operation.timeoutMs, over), ended])
    if (shell.gone.signal.aborted) throw new Fault(995, 'w:InternalError', 'The I/O operation has been aborted.')
    if (closed.aborted) return ''
    const cost = (fragment: Buffer) => Math.ceil(fragment.length / 3) * 4 + 120
    const fragments = stream.take(operation.maxEnvelope - 4000, cost)
    const isDone = id !== '' && stream.isDone()
    if (fragments.length === 0 && !isDone) throw timedOut()
    const about = id === '' ? '' : ` CommandId="${id}"`
    const streams = fragments.map(
      (bytes) => `<rsp:Stream Name="stdout"${about}>${bytes.toString('base64')}</rsp:Stream>`,
    )
    const state = isDone ? `<rsp:CommandState${about} State="${rsp}/CommandState/Done"/>` : ''
    const body = `<rsp:ReceiveResponse>${streams.join('')}${state}${running?.isGarbled ? '' : '</rsp:ReceiveResponse>'}`
    answers.set(stream, { messageId: operation.messageId, body })
    return body
  }

  function signal({ body }: Operation, { session }: Shell) {
    const id = commandIdOf(find(body, rsp, 'Signal'))
    const running = session.commands.get(id)
    const code = find(body, rsp, 'Code')?.text.trim()
    if (!running) throw notFound()
    if (code === signals.stop) session.stop(running)
    else if (code === signals.terminate) session.commands.delete(id)
    else throw new Fault(2150858800, 'w:InvalidOptions', `There is no signal ${code}.`)
    return '<rsp:SignalResponse/>'
  }

  /** Carries out one operation; the envelope's body, or how else the request ends. */
  async function act(operation: Operation, shell: Shell, closed: AbortSignal): Promise<Outcome> {
    const { body, name } = operation
    if (name === 'Receive') return receive(operation, shell, closed)
    if (name === 'Signal') return signal(operation, shell)
    if (name === 'Delete') {
      remove(shell)
      return ''
    }
    if (name === 'Command') {
      const id = commandIdOf(find(body, rsp, 'CommandLine')) || randomUUID().toUpperCase()
      const reception = await shell.session.command(id, bytesOf(find(body, rsp, 'Arguments')))
      return reception === 'taken'
        ? `<rsp:CommandResponse><rsp:CommandId>${id}</rsp:CommandId></rsp:CommandResponse>`
        : reception
    }
    if (name !== 'Send') throw new Fault(2150858755, 'a:ActionNotSupported', `There is no operation ${name}.`)
    const stream = find(body, rsp, 'Stream')
    const reception = await shell.session.send(commandIdOf(stream), bytesOf(stream))
    return reception === 'taken' ? '<rsp:SendResponse/>' : reception
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    organization: Organization,
    text: string,
  ): Promise<Outcome> {
    const operation = readOperation(text)
    if (operation.resource !== exchangeResource)
      throw new Fault(Number(faults.resourceUnknown), 'w:InvalidResourceURI', 'The resource URI is missing or unknown.')
    removeExpired()
    if (operation.name === 'Create') {
      const ending = await sandbox.withFaults('New-PSSession', organization, () =>
        create(operation, organization, `http://${request.headers.host}${request.url}`),
      )
      if (ending.kind === 'lost') return 'lost'
      if (ending.kind === 'status') return { status: ending.status }
      response.setHeader('Set-Cookie', [`${ending.value.shell.cookie}; path=/; HttpOnly`])
      return writeAnswer(operation, ending.value.answer)
    }
    const closed = new AbortController()
    response.once('close', () => closed.abort())
    const shell = shellOf(operation, organization, request.headers.cookie ?? '')
    const outcome = await act(operation, shell, closed.signal)
    return typeof outcome === 'string' ? writeAnswer(operation, outcome) : outcome
  }

  function send(response: ServerResponse, outcome: Outcome, status = 200) {
    if (outcome === 'lost') {
      response.destroy()
      return
    }
    response.statusCode = typeof outcome === 'object' ? outcome.status : status
    response.setHeader('Content-Type', 'application/soap+xml;charset=UTF-8')
    response.end(typeof outcome === 'object' ? '' : outcome)
  }

  return async (request, response, url) => {
    if (url.pathname === '/_sandbox/shells') {
      const list = [...shells.values()].map(({ id, organization, session }) => ({
        id,
        organization: organization.name,
        commands: session.commands.size,
      }))
      sendJson(response, 200, list)
      return true
    }
    if (!/^\/powershell\/?$/i.test(url.pathname)) return false
    const organization = accountOf(request.headers.authorization)
    const text = await readBody(request)
    if (!organization) {
      response.setHeader('WWW-Authenticate', 'Basic realm="ex1"')
      send(response, { status: 401 })
      return true
    }
    try {
      send(response, await answer(request, response, organization, text))
    } catch (error) {
      if (!(error instanceof Fault) && !(error instanceof ProtocolError)) throw error
      const fault = error instanceof Fault ? error : new Fault(2150858752, 'w:InternalError', error.message)
      send(response, writeFault(fault, /MessageID>\s*([^<\s]+)/.exec(text)?.[1]), 500)
    }
    return true
  }
}
