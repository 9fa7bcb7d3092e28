import assert from 'node:assert/strict'
import { type Cmdlet, Refusal, type Row, type Transport, type Value } from '../../src/connector/transport.ts'
import { BotError, type Code } from '../../src/errors.ts'
import { startSandboxExchange } from '../../src/sandbox/exchange/server.ts'

/** What the control port tells of an organization: where it is, and with what one gets in. */
export interface Connection {
  readonly name: string
  readonly address: string
  readonly authority: string
  readonly tenant: string
  readonly clientId: string
  readonly secret: string
  readonly user: string
  readonly password: string
}

/** A door to the organizations of a sandbox, whichever it is. */
export interface Door {
  readonly kind: 'online' | 'onPremises'
  connect(to: Connection, warn: (cmdlet: string, text: string) => void): Transport
}

export type Sandbox = Awaited<ReturnType<typeof startControlled>>

const forever = new AbortController().signal

/** A sandbox Exchange and its control port. */
export async function startControlled() {
  const { url, close } = await startSandboxExchange()
  async function control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${url}/_sandbox/${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error)
    return answer
  }
  let count = 0
  return {
    url,
    close,
    control,
    found: (about: { kind: Door['kind']; devices?: number; rights?: readonly string[]; version?: string }) =>
      control<Connection>('POST', 'organizations', { name: `Organization ${++count}`, ...about }),
    fault: (fault: { cmdlet: string; then: string; times?: number; ms?: number; status?: number }) =>
      control('POST', 'faults', fault),
    /** How often a cmdlet has reached this organization. */
    async runs({ name }: Connection, cmdlet: string) {
      const calls = await control<{ organization: string; cmdlet: string }[]>('GET', 'calls')
      return calls.filter((call) => call.organization === name && call.cmdlet === cmdlet).length
    },
  }
}

export async function rowsOf(
  transport: Transport,
  name: string,
  parameters: Record<string, Value> = {},
  more: Partial<Cmdlet> = {},
) {
  const rows: Row[] = []
  for await (const row of transport.invoke({ name, parameters, ...more }, forever)) rows.push(row)
  return rows
}

/** Reads on until the signal or an error ends it. */
export async function drain(rows: AsyncIterable<Row>) {
  for await (const row of rows) void row
}

/** The error with which this ends; its refusal, where Exchange refused. */
export async function failure(
  work: Promise<unknown>,
): Promise<{ code: Code; refusal: Refusal | undefined; message: string }> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof BotError, String(error))
    return {
      code: error.code,
      message: error.message,
      refusal: error.cause instanceof Refusal ? error.cause : undefined,
    }
  }
  assert.fail('It ended as if nothing had happened.')
}

/** What every door to Exchange must do, whatever it speaks (see `Transport`). */
export function behavesLikeATransport({ kind, connect }: Door) {
  let sandbox: Sandbox
  let transports: Transport[] = []
  let warnings: string[] = []

  before(async () => {
    sandbox = await startControlled()
  })
  after(() => sandbox.close())
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()))
    transports = []
    warnings = []
    await sandbox.control('DELETE', 'faults')
  })

  const enter = (to: Connection) => {
    const transport = connect(to, (cmdlet, text) => warnings.push(`${cmdlet}: ${text}`))
    transports.push(transport)
    return transport
  }

  async function start(about: { devices?: number; rights?: readonly string[] } = {}) {
    const organization = await sandbox.found({ kind, devices: 3, ...about })
    return { organization, transport: enter(organization) }
  }

  const all = { ResultSize: 'Unlimited' }
  const someDevice = async (transport: Transport) => {
    const [device] = await rowsOf(transport, 'Get-MobileDevice', all)
    assert.ok(device)
    return { guid: String(device.Guid), id: String(device.DeviceId), row: device }
  }
  const someMailbox = async (transport: Transport) => {
    const [mailbox] = await rowsOf(transport, 'Get-CASMailbox', all)
    return String(mailbox?.Guid)
  }
  const clear = (guid: string): Record<string, Value> => ({ Identity: guid, Confirm: false })

  it('hands on every row, once and in order', async () => {
    const { transport } = await start({ devices: 2300 })
    const ids = (await rowsOf(transport, 'Get-MobileDevice', { ...all, SortBy: 'DeviceId' })).map(({ DeviceId }) =>
      String(DeviceId),
    )
    assert.equal(new Set(ids).size, 2300)
    assert.deepEqual(
      ids,
      ids.toSorted((one, other) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1)),
    )
  })

  it('shows properties in plain form, spelled as Exchange spells them', async () => {
    const { transport } = await start()
    const { row } = await someDevice(transport)
    assert.match(String(row.Guid), /^[0-9a-f]{8}-/)
    assert.ok(!Number.isNaN(Date.parse(String(row.FirstSyncTime))))
    assert.match(String(row.FirstSyncTime), /^\d{4}-\d\d-\d\dT/)
    assert.equal(row.DeviceAccessState, 'Allowed')
    assert.equal(row.DeviceAccessControlRule, null)
    assert.equal(row.IsValid, true)
    assert.deepEqual(row.ObjectClass, ['top', 'msExchActiveSyncDevice'])
    assert.match(String(row.Identity), /ExchangeActiveSyncDevices/)
    const [policy] = await rowsOf(transport, 'Get-MobileDeviceMailboxPolicy')
    assert.equal(policy?.MaxPasswordFailedAttempts, 'Unlimited')
    assert.equal(policy?.PasswordHistory, 0)
    assert.equal(policy?.AllowBluetooth, 'Allow')
    assert.deepEqual(policy?.UnapprovedInROMApplicationList, [])
  })

  it('carries any text there and back', async () => {
    const { organization, transport } = await start()
    const DeviceModel = 'Ünï§ 📱 <b>&"\' 漢字 _x0041_ \\ 100 %'
    const mailbox = await someMailbox(transport)
    await sandbox.control('POST', 'devices', {
      organization: organization.name,
      mailbox,
      DeviceType: 'iPad',
      DeviceModel,
    })
    const rows = await rowsOf(transport, 'Get-MobileDevice', all)
    const Identity = String(rows.find((row) => row.DeviceModel === DeviceModel)?.Identity)
    assert.match(Identity, /§/)
    assert.deepEqual(
      (await rowsOf(transport, 'Get-MobileDevice', { Identity })).map((row) => row.DeviceModel),
      [DeviceModel],
    )
  })

  it('adds to and takes from a list, overwrites it and clears it', async () => {
    const { transport } = await start()
    const Identity = await someMailbox(transport)
    const set = async (value: Value) => {
      await rowsOf(transport, 'Set-CASMailbox', { Identity, ActiveSyncAllowedDeviceIDs: value })
      const [mailbox] = await rowsOf(transport, 'Get-CASMailbox', { Identity })
      return mailbox?.ActiveSyncAllowedDeviceIDs
    }
    assert.deepEqual(await set(['one', 'two']), ['one', 'two'])
    assert.deepEqual(await set({ add: ['three'], remove: ['one'] }), ['two', 'three'])
    assert.deepEqual(await set({ remove: ['two'] }), ['three'])
    assert.deepEqual(await set(null), [])
  })

  it('carries switches as switches, and a write ends without a row', async () => {
    const { transport } = await start()
    const { guid } = await someDevice(transport)
    assert.deepEqual(await rowsOf(transport, 'Clear-MobileDevice', clear(guid)), [])
    const wipe = async () =>
      (await rowsOf(transport, 'Get-MobileDeviceStatistics', { Identity: guid }))[0]?.DeviceWipeRequestTime
    assert.equal(typeof (await wipe()), 'string')
    await rowsOf(transport, 'Clear-MobileDevice', { ...clear(guid), Cancel: true })
    assert.equal(await wipe(), null)
  })

  it('hands warnings on, and they are no failure', async () => {
    const { transport } = await start()
    const Identity = await someMailbox(transport)
    await rowsOf(transport, 'Set-CASMailbox', { Identity, ActiveSyncEnabled: true })
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /^Set-CASMailbox: .*no settings of/)
  })

  it('refuses with the exception of Exchange when there is no such object, and goes on afterwards', async () => {
    const { transport } = await start()
    const { code, refusal, message } = await failure(rowsOf(transport, 'Get-MobileDevice', { Identity: 'nobody' }))
    assert.equal(code, 'EXCHANGE_REFUSED')
    assert.equal(refusal?.kind, 'notFound')
    assert.match(refusal?.type ?? '', /ManagementObjectNotFoundException$/)
    assert.match(message, /'nobody' couldn't be found/)
    assert.equal((await rowsOf(transport, 'Get-MobileDevice', all)).length, 3)
  })

  it('refuses for want of a right, and Exchange has not run it', async () => {
    const { organization, transport } = await start({ rights: ['-Clear-MobileDevice'] })
    const { guid } = await someDevice(transport)
    const { code, refusal } = await failure(rowsOf(transport, 'Clear-MobileDevice', clear(guid)))
    assert.deepEqual([code, refusal?.kind], ['EXCHANGE_REFUSED', 'permission'])
    const [device] = await rowsOf(enter(organization), 'Get-MobileDeviceStatistics', { Identity: guid })
    assert.equal(device?.DeviceWipeRequestTime, null)
  })

  it('refuses a parameter that does not exist, and a value that does not fit', async () => {
    const { transport } = await start()
    const wrong = async (parameters: Record<string, Value>) =>
      (await failure(rowsOf(transport, 'Get-MobileDevice', parameters))).refusal?.kind
    assert.equal(await wrong({ Bogus: 1 }), 'invalid')
    assert.equal(await wrong({ ResultSize: 'plenty' }), 'invalid')
  })

  it('does not take a part of the objects for all of them', async () => {
    const { transport } = await start({ devices: 1001 })
    assert.equal((await failure(rowsOf(transport, 'Get-MobileDevice'))).code, 'EXCHANGE_REFUSED')
  })

  it('keeps cmdlets that run at the same time apart', async () => {
    const { transport } = await start({ devices: 12 })
    const devices = await rowsOf(transport, 'Get-MobileDevice', all)
    const read = ({ Guid }: Row) =>
      rowsOf(transport, 'Get-MobileDevice', { Identity: String(Guid) }, { together: true })
    const rows = await Promise.all(devices.map(read))
    assert.deepEqual(
      rows.map(([row]) => row?.Guid),
      devices.map(({ Guid }) => Guid),
    )
  })

  it('stays usable when a reader has seen enough', async () => {
    const { transport } = await start({ devices: 1500 })
    for await (const row of transport.invoke({ name: 'Get-MobileDevice', parameters: all }, forever)) {
      assert.ok(row.Guid)
      break
    }
    assert.equal((await rowsOf(transport, 'Get-MobileDevice', all)).length, 1500)
  })

  for (const then of ['lost-before', 'lost-after', 'garbled'])
    it(`repeats a read whose answer was ${then}`, async () => {
      const { transport } = await start()
      await sandbox.fault({ cmdlet: 'Get-MobileDevice', then })
      assert.equal((await rowsOf(transport, 'Get-MobileDevice', all)).length, 3)
    })

  it('repeats a read that a server in between could not carry', async () => {
    const { transport } = await start()
    await sandbox.fault({ cmdlet: 'Get-MobileDevice', then: 'status', status: 503 })
    assert.equal((await rowsOf(transport, 'Get-MobileDevice', all)).length, 3)
  })

  it('says after a while that it cannot read, and that nothing was changed', async () => {
    const { transport } = await start()
    await sandbox.fault({ cmdlet: 'Get-MobileDevice', then: 'lost-before', times: 50 })
    assert.equal((await failure(rowsOf(transport, 'Get-MobileDevice', all))).code, 'EXCHANGE_UNREACHABLE')
  })

  for (const [then, runs] of [
    ['lost-before', 0],
    ['lost-after', 1],
  ] as const)
    it(`never sends a write again whose answer was ${then}, and says that the outcome is unknown`, async () => {
      const { organization, transport } = await start()
      const { guid } = await someDevice(transport)
      await sandbox.fault({ cmdlet: 'Clear-MobileDevice', then })
      assert.equal(
        (await failure(rowsOf(transport, 'Clear-MobileDevice', clear(guid)))).code,
        'EXCHANGE_OUTCOME_UNKNOWN',
      )
      assert.equal(await sandbox.runs(organization, 'Clear-MobileDevice'), runs)
    })

  it('never sends a write again that ended with a status of a server in between', async () => {
    const { organization, transport } = await start()
    const { guid } = await someDevice(transport)
    await sandbox.fault({ cmdlet: 'Clear-MobileDevice', then: 'status', status: 503 })
    assert.equal((await failure(rowsOf(transport, 'Clear-MobileDevice', clear(guid)))).code, 'EXCHANGE_OUTCOME_UNKNOWN')
    assert.equal(await sandbox.runs(organization, 'Clear-MobileDevice'), 0)
  })

  it('says that nothing was done when there is no server', async () => {
    const gone = await startControlled()
    const transport = enter(await gone.found({ kind }))
    await gone.close()
    assert.equal((await failure(rowsOf(transport, 'Get-MobileDevice'))).code, 'EXCHANGE_UNREACHABLE')
    assert.equal((await failure(rowsOf(transport, 'Clear-MobileDevice', clear('x')))).code, 'EXCHANGE_UNREACHABLE')
  })

  it('does nothing for a signal that has already aborted', async () => {
    const { organization, transport } = await start()
    const invoke = drain(transport.invoke({ name: 'Get-MobileDevice', parameters: all }, AbortSignal.abort()))
    assert.equal((await failure(invoke)).code, 'EXCHANGE_UNREACHABLE')
    assert.equal(await sandbox.runs(organization, 'Get-MobileDevice'), 0)
  })

  it('stops a read when the signal aborts, while it waits and between rows', async () => {
    const { transport } = await start({ devices: 2300 })
    await sandbox.fault({ cmdlet: 'Get-MobileDevice', then: 'slow', ms: 5000 })
    const read = { name: 'Get-MobileDevice', parameters: all }
    assert.equal((await failure(drain(transport.invoke(read, AbortSignal.timeout(50))))).code, 'EXCHANGE_UNREACHABLE')
    const control = new AbortController()
    const between = async () => {
      for await (const row of transport.invoke(read, control.signal)) control.abort(row)
    }
    assert.equal((await failure(between())).code, 'EXCHANGE_UNREACHABLE')
    assert.equal((await rowsOf(transport, 'Get-MobileDevice', all)).length, 2300)
  })

  it('says that the outcome is unknown when a write is given up on its way', async () => {
    const { transport } = await start()
    const { guid } = await someDevice(transport)
    await sandbox.fault({ cmdlet: 'Clear-MobileDevice', then: 'slow', ms: 5000 })
    const write = transport.invoke({ name: 'Clear-MobileDevice', parameters: clear(guid) }, AbortSignal.timeout(100))
    assert.equal((await failure(drain(write))).code, 'EXCHANGE_OUTCOME_UNKNOWN')
  })

  it('ends what is under way when it is closed, and takes nothing more', async () => {
    const { transport } = await start()
    await sandbox.fault({ cmdlet: 'Get-MobileDevice', then: 'slow', ms: 5000 })
    const read = failure(rowsOf(transport, 'Get-MobileDevice', all))
    setTimeout(() => transport.close(), 50)
    assert.equal((await read).code, 'EXCHANGE_UNREACHABLE')
    assert.equal((await failure(rowsOf(transport, 'Get-MobileDevice', all))).code, 'EXCHANGE_UNREACHABLE')
  })
}
