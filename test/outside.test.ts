import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Device Desk from outside, by nothing but its documented contract: two processes started by npm's own commands, unsigned
 * activities of a client that we write here, a connector service of ten lines, and the sandbox Exchange's control port.
 */

const root = join(import.meta.dirname, '..')

interface Person {
  id: string
  name: string
  aadObjectId: string
}

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is looked at as a stranger would
type Card = any

/** The five people as the file lists them, one `key: value` a line. */
async function readPeople() {
  const text = await readFile(join(root, '.m365agentsplayground.yml'), 'utf8')
  const users = /^users:\n((?: .*\n)+)/m.exec(text)?.[1] ?? ''
  const people: Person[] = users.split(/^ +- /m).flatMap((entry) => {
    const {
      id = '',
      name = '',
      aadObjectId = '',
    } = Object.fromEntries([...entry.matchAll(/^ *(\w+): (.+)$/gm)].map(([, key, value]) => [key, value]))
    return id === '' ? [] : [{ id, name, aadObjectId }]
  })
  return { tenant: /^tenantId: (.+)$/m.exec(text)?.[1] ?? '', people }
}

/** Starts a command and resolves once it says something that matches. */
async function start(args: string[], env: Record<string, string>, said: RegExp) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: root,
    env: { ...process.env, NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const heard = new Promise<RegExpExecArray>((resolve, reject) => {
    const hear = (text: Buffer) => {
      output += text
      const found = said.exec(output)
      if (found) resolve(found)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', () => reject(new Error(`ended: ${output}`)))
  })
  return { child, found: await heard, output: () => output }
}

async function stop(child: ChildProcess | undefined) {
  if (child === undefined || child.exitCode !== null) return
  child.kill('SIGINT')
  await once(child, 'exit')
}

const buttons = (card: Card): Card[] => {
  if (Array.isArray(card)) return card.flatMap(buttons)
  if (typeof card !== 'object' || card === null) return []
  const own = card.type === 'Action.Execute' ? [card] : []
  return [...own, ...Object.values(card).flatMap(buttons)]
}
const textOf = (card: Card) => JSON.stringify(card)

describe('the outside contract', function () {
  this.timeout(60_000)
  let exchange: Awaited<ReturnType<typeof start>>
  let desk: Awaited<ReturnType<typeof start>>
  let folder = ''
  let url = ''
  let sandbox = ''
  let tenant = ''
  let people: Person[] = []
  /** What each message shows now; an answer is named after the activity that it answers. */
  const cards = new Map<string, Card>()
  let count = 0

  const connector = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      count += 1
      const activity = body === '' ? {} : JSON.parse(body)
      const about = request.url?.split('/').at(-1) ?? ''
      const posted = about.startsWith('activity-') ? `answer-to-${about}` : `message-${count}`
      const id = request.method === 'POST' ? posted : about
      cards.set(id, activity.attachments?.[0]?.content)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ id }))
    })
  })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outside-'))
    ;({ tenant, people } = await readPeople())
    await new Promise<void>((resolve) => connector.listen(0, '127.0.0.1', resolve))
    exchange = await start(['src/sandbox/exchange/index.ts'], { SANDBOX_PORT: '0' }, /https?:\/\/127\.0\.0\.1:\d+/)
    sandbox = exchange.found[0]
    await startDeskProcess()
  })

  async function startDeskProcess() {
    desk = await start(
      ['src/index.ts', '--no-auth'],
      { PORT: '0', DATA_DIR: join(folder, 'data'), SANDBOX_URL: sandbox },
      /the bot at (http:\/\/127\.0\.0\.1:\d+)/,
    )
    url = desk.found[1] ?? ''
    while ((await fetch(`${url}/readyz`)).status !== 200) await wait(50)
  }

  after(async () => {
    await stop(desk?.child)
    await stop(exchange?.child)
    connector.close()
    await rm(folder, { recursive: true, force: true })
  })

  const serviceUrl = () => {
    const address = connector.address()
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  }

  async function send(person: Person, fields: object) {
    count += 1
    const id = `activity-${count}`
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        id,
        channelId: 'msteams',
        serviceUrl: serviceUrl(),
        from: { id: person.id, name: person.name, aadObjectId: person.aadObjectId },
        recipient: { id: '28:bot', name: 'Device Desk' },
        conversation: { id: `chat-of-${person.name}`, conversationType: 'personal', tenantId: tenant },
        channelData: { tenant: { id: tenant } },
        ...fields,
      }),
    })
    const text = await response.text()
    return { id, status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** Says something and gives the one card that comes back, as it is when nothing changes it any more. */
  async function say(person: Person, text: string): Promise<Card> {
    const { id } = await send(person, { type: 'message', text })
    for (let tries = 0; tries < 100; tries += 1) {
      const card = cards.get(`answer-to-${id}`)
      if (card !== undefined && !/Working/.test(textOf(card))) return card
      await wait(50)
    }
    throw new Error(`no answer to ${text}`)
  }

  async function press(person: Person, verb: string, data: object): Promise<Card> {
    const value = { action: { type: 'Action.Execute', verb, data }, trigger: 'manual' }
    const { status, body } = await send(person, {
      type: 'invoke',
      name: 'adaptiveCard/action',
      value,
      replyToId: 'message-1',
    })
    assert.equal(status, 200)
    assert.equal(body.statusCode, 200)
    assert.equal(body.type, 'application/vnd.microsoft.card.adaptive')
    return body.value
  }

  const calls = async (): Promise<Card[]> => (await fetch(`${sandbox}/_sandbox/calls`)).json()
  const button = (card: Card, verb: string) => {
    const found = buttons(card).find((one) => one.verb === verb)
    assert.ok(found, `no button ${verb} on ${textOf(card)}`)
    return found
  }

  it('finds, opens and blocks a device for a helpdesk operator, and Exchange has it', async () => {
    const [helpdesk] = people
    assert.ok(helpdesk)
    assert.match(textOf(await say(helpdesk, 'whoami')), /Helpdesk Operator/)
    assert.match(textOf(await say(helpdesk, 'find adele')), /adele_iPhone/)
    const card = await say(helpdesk, 'device adele_Outlook')
    const { verb, data } = button(card, 'block')
    const after = await press(helpdesk, verb, { ...data, reason: 'lost in a taxi' })
    assert.match(textOf(after), /block/i)
    assert.ok((await calls()).some(({ cmdlet }) => cmdlet === 'Set-CASMailbox'))
  })

  it('wipes a phone once, when a second person approved it, and follows it until the device acknowledged', async () => {
    const [helpdesk, approver] = people
    assert.ok(helpdesk && approver)
    assert.match(textOf(await say(approver, 'whoami')), /Wipe Approver/)
    const shown = await say(helpdesk, 'wipe adele_iPhone stolen in Rome')
    const ask = button(shown, 'wipe')
    assert.ok(ask.data.confirm)
    const shortId = /"placeholder":"([0-9a-f]{8})/.exec(textOf(shown))?.[1] ?? ask.data.ref.slice(0, 8)
    const request = await press(helpdesk, 'wipe', { ...ask.data, shortId })
    const id = /R\d+/.exec(textOf(request))?.[0]
    assert.ok(id)
    assert.ok(!buttons(request).some(({ verb }) => verb === 'approve'), 'the requester cannot approve')
    const forApprover = await say(approver, `approve ${id}`)
    const approve = button(forApprover, 'approve')
    await press(approver, 'approve', approve.data)
    const wiped = async () => (await calls()).filter(({ cmdlet }) => cmdlet === 'Clear-MobileDevice')
    while ((await wiped()).length === 0) await wait(100)
    const devices: Card[] = await (await fetch(`${sandbox}/_sandbox/devices?mailbox=adele@contoso.com`)).json()
    const phone = devices.find(({ DeviceType }) => DeviceType === 'iPhone')
    await fetch(`${sandbox}/_sandbox/devices/${phone.DeviceId}/sync`, { method: 'POST' })
    let state = ''
    while (!/acknowledged/i.test(state)) {
      await wait(500)
      state = textOf(await say(helpdesk, `request ${id}`))
    }
    assert.equal((await wiped()).length, 1)
  })

  it('answers nobody but with help and whoami, and the same for a device that is there as for one that is not', async () => {
    const nobody = people[4]
    assert.ok(nobody)
    assert.match(textOf(await say(nobody, 'whoami')), /You have no role in Device Desk\./)
    const one = textOf(await say(nobody, 'device carla_Android'))
    const other = textOf(await say(nobody, 'device nobody_Android'))
    assert.match(one, /Collection\.ReadResource/)
    assert.equal(one, other)
  })

  it('keeps what it knows over a restart on the same folder', async () => {
    const full = people[3]
    assert.ok(full)
    await stop(desk.child)
    await startDeskProcess()
    assert.match(textOf(await say(full, 'requests all')), /R1001/)
    assert.match(textOf(await say(full, 'audit wipe')), /wipe/)
  })
})
