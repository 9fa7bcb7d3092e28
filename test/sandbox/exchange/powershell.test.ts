import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createPool } from '../../../src/connector/onprem/pool.ts'
import { refusalOf } from '../../../src/connector/onprem/refusal.ts'
import * as wsman from '../../../src/connector/onprem/wsman.ts'
import { type Client, startClient } from './client.ts'

const limits = { messageBytes: 1e6, pipelineBytes: 1e6, pipelineObjects: 100 }

describe('sandbox/exchange/powershell', () => {
  let sandbox: Client
  let to: { address: string; user: string; password: string; name: string }

  before(async () => {
    sandbox = await startClient()
    to = await sandbox.control('POST', 'organizations', { name: 'Fabrikam', kind: 'onPremises', devices: 1 })
  })
  after(() => sandbox.close())
  afterEach(async () => {
    for (const { id } of await sandbox.control('GET', 'shells')) await createShell(id).ask(wsman.deletion)
  })

  const authorization = () => `Basic ${Buffer.from(`${to.user}:${to.password}`).toString('base64')}`

  /** A client that does what it is told, also what the real one would not do. */
  function createShell(shellId?: string) {
    const sessionId = randomUUID()
    let cookie = ''
    const envelope = (operation: wsman.Operation, messageId: string = randomUUID(), operationSeconds = 60) =>
      wsman.writeEnvelope(operation, {
        to: to.address,
        messageId,
        sessionId,
        shellId,
        maxEnvelope: 153_600,
        operationSeconds,
      })
    const post = async (body: string) => {
      const response = await fetch(to.address, {
        method: 'POST',
        body,
        headers: { authorization: authorization(), cookie },
      })
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
      return response.text()
    }
    return {
      envelope,
      post,
      ask: async (operation: wsman.Operation, messageId: string = randomUUID(), seconds = 60) =>
        wsman.readAnswer(await post(envelope(operation, messageId, seconds)), messageId),
      dropCookie() {
        cookie = ''
      },
    }
  }

  const faultCode = (code: string) => (error: unknown) => error instanceof wsman.WsmanFault && error.code === code

  async function open(id = randomUUID()) {
    const pool = createPool(id, limits)
    const shell = createShell(id.toUpperCase())
    await shell.ask(wsman.create(id, 'PT900S', pool.open()))
    const hear = async (commandId?: string) => {
      const { chunks, done } = wsman.readReceived(await shell.ask(wsman.receive(commandId)))
      return { events: chunks.flatMap((bytes) => pool.receive(bytes)), done }
    }
    const opened = async () => assert.deepEqual((await hear()).events, [{ kind: 'opened' }])
    return { pool, shell, hear, opened }
  }

  it('asks for user and password, and lets nobody in without', async () => {
    const response = await fetch(to.address, { method: 'POST' })
    assert.equal(response.status, 401)
    assert.match(response.headers.get('www-authenticate') ?? '', /^Basic /)
    const wrong = await fetch(to.address, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${to.user}:x`)}` },
    })
    assert.equal(wrong.status, 401)
  })

  it('refuses scripts, with the words of Windows', async () => {
    const { pool, shell, hear, opened } = await open()
    await opened()
    const id = randomUUID()
    const [fragment = Buffer.alloc(0)] = pool.start(
      id,
      { name: 'Get-Mailbox | Remove-Mailbox', parameters: {} },
      100_000,
    )
    const script = Buffer.from(fragment.toString('latin1').replace('"IsScript">false', '"IsScript">true '), 'latin1')
    await shell.ask(wsman.command(id, script))
    const { events, done } = await hear(id.toUpperCase())
    const [event] = events
    assert.equal(done, true)
    assert.ok(event?.kind === 'ended' && event.state === 'failed')
    assert.match(refusalOf(event.error).message, /syntax is not supported by this runspace/)
    assert.equal(refusalOf(event.error).kind, 'invalid')
  })

  it('says that a command is gone after its end, and once it is cleared away', async () => {
    const { pool, shell, hear, opened } = await open()
    await opened()
    const id = randomUUID().toUpperCase()
    const [fragment = Buffer.alloc(0)] = pool.start(id, { name: 'Get-OrganizationConfig', parameters: {} }, 100_000)
    await shell.ask(wsman.command(id, fragment))
    assert.equal((await hear(id)).done, true)
    await assert.rejects(hear(id), faultCode(wsman.faults.notFound))
    await shell.ask(wsman.signal(id, 'terminate'))
    await assert.rejects(shell.ask(wsman.signal(id, 'terminate')), faultCode(wsman.faults.notFound))
  })

  it('lets time pass while there is nothing to say', async () => {
    const { shell, opened } = await open()
    await opened()
    await assert.rejects(shell.ask(wsman.receive(), randomUUID(), 0), faultCode(wsman.faults.timedOut))
  })

  it('says the same again to who asks again with the same message', async () => {
    const { shell } = await open()
    const messageId = randomUUID()
    const first = wsman.readReceived(await shell.ask(wsman.receive(), messageId))
    assert.deepEqual(wsman.readReceived(await shell.ask(wsman.receive(), messageId)), first)
  })

  it('loses a client that drops its cookie', async () => {
    const { shell } = await open()
    shell.dropCookie()
    await assert.rejects(shell.ask(wsman.receive()), /WSMan-InvalidShellID/)
  })

  it('refuses the nineteenth shell of an account when it comes for the first answer', async () => {
    const shells = await Promise.all(Array.from({ length: 19 }, () => open()))
    const answers = await Promise.allSettled(shells.map(({ hear }) => hear()))
    const refused = answers.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 1)
    assert.match(
      String(refused[0]?.status === 'rejected' && refused[0].reason),
      /connections allowed : 18 .* MaxConcurrency/,
    )
  })

  it('refuses what is no request for Exchange', async () => {
    const shell = createShell()
    const create = wsman.create(randomUUID(), 'PT900S', Buffer.alloc(0))
    const send = shell.post
    assert.match(await send('<x/>'), /Fault/)
    assert.match(await send('no'), /Fault/)
    assert.match(await send(shell.envelope(create).replace('Microsoft.Exchange', 'Microsoft.PowerShell')), /2150858811/)
    assert.match(await send(shell.envelope(create).replace('protocolversion', 'version')), /protocolversion is missing/)
    assert.match(await send(shell.envelope({ ...create, body: '' })), /Fault|ResourceCreated/)
    assert.match(await send(shell.envelope(wsman.receive())), /InvalidShellID/)
  })

  it('ends what is under way when the shell is deleted', async () => {
    const { shell, hear, opened } = await open()
    await opened()
    const waiting = assert.rejects(hear(), faultCode('995'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await shell.ask(wsman.deletion)
    await waiting
    assert.deepEqual(await sandbox.control('GET', 'shells'), [])
  })
})
