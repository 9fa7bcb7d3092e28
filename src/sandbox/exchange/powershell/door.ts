import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeResource, faults } from '../../../connector/onprem/wsman.ts'
import { ProtocolError } from '../../../connector/onprem/xml.ts'
import { type Door, readBody, sendJson } from '../http.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'
import { createOperations, type Outcome } from './operations.ts'
import { createShells } from './shells.ts'
import { Fault, readOperation, writeAnswer, writeFault } from './soap.ts'

/**
 * The remote PowerShell of on-premises Exchange: [MS-PSRP] over [MS-WSMV], for accounts that log on with Basic. A fault
 * for the cmdlet `New-PSSession` hits the opening of a session.
 */
export function createPowerShellDoor(sandbox: Sandbox): Door {
  const shells = createShells(sandbox)
  const operations = createOperations(shells)

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

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    organization: Organization,
    text: string,
  ): Promise<Outcome> {
    const operation = readOperation(text)
    if (operation.resource !== exchangeResource)
      throw new Fault(Number(faults.resourceUnknown), 'w:InvalidResourceURI', 'The resource URI is missing or unknown.')
    if (operation.name === 'Create') {
      const create = () => operations.create(operation, organization)
      const ending = await sandbox.withFaults('New-PSSession', organization, create)
      if (ending.kind === 'lost') return 'lost'
      if (ending.kind === 'status') return { status: ending.status }
      response.setHeader('Set-Cookie', [`${ending.value.shell.cookie}; path=/; HttpOnly`])
      return writeAnswer(operation, ending.value.answer)
    }
    const closed = new AbortController()
    response.once('close', () => closed.abort())
    // Whoever lost the answer to Create has no cookie, and still has to be able to delete.
    const cookie = operation.name === 'Delete' ? undefined : (request.headers.cookie ?? '')
    const shell = shells.find(organization, operation.shellId ?? '', cookie)
    const outcome = await operations.carryOut(operation, shell, closed.signal)
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
      sendJson(response, 200, shells.list())
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
