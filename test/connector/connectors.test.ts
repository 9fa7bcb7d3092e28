import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { commandOf, requirements } from '../../src/connector/checklist.ts'
import { failureOf } from '../../src/connector/health.ts'
import { allDevices } from '../../src/inventory/collections.ts'
import { type Connection, failure } from './contract.ts'
import { cert, key } from './onprem/certificate.ts'
import { credentialOf, type Site, startSite, until } from './site.ts'

const forever = new AbortController().signal
const appId = '11111111-2222-4333-8444-555555555555'

describe('connectors', () => {
  let site: Site
  before(async () => {
    site = await startSite({ appId })
  })
  after(() => site.close())
  afterEach(async () => {
    await site.sandbox.control('DELETE', 'faults')
    for (const { name } of site.connectors().all()) await site.connectors().forget(name)
    site.healths.length = 0
  })

  const devices = (name: string) =>
    [...site.inventory().devices([allDevices])].filter(({ connector }) => connector === name)
  const test = (settings: Record<string, unknown>) => site.connectors().test(site.connectors().check(settings), forever)
  const healthOf = (name: string) => site.connectors().get(name).health
  const cmdlets = async (organization: Connection) => (await site.calls(organization)).map(({ cmdlet }) => cmdlet)
  const fault = (organization: Connection, about: object) =>
    site.sandbox.control('POST', 'faults', { organization: organization.name, ...about })
  /** Works with Exchange, as a press would. */
  const ask = (name: string) => site.connectors().use(name, forever, async () => 'done')

  /** A port on this machine where nobody answers, and what counts who tries. */
  async function trap() {
    let contacts = 0
    const server = createServer((socket) => {
      contacts += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return { port, contacts: () => contacts, close: () => server.close() }
  }

  it('keep organizations of both kinds side by side, each with its own names of cmdlets', async () => {
    const cloud = await site.found({ kind: 'online', devices: 5 }, 'Contoso')
    const server = await site.found({ kind: 'onPremises', devices: 7, version: 'SE' }, 'Fabrikam')
    const old = await site.found({ kind: 'onPremises', devices: 4, version: '2010' }, 'Northwind')
    for (const { settings } of [cloud, server, old]) await site.add(settings)
    assert.deepEqual(
      ['Contoso', 'Fabrikam', 'Northwind'].map((name) => devices(name).length),
      [5, 7, 4],
    )
    assert.ok(site.connectors().complete())
    assert.deepEqual(
      site
        .connectors()
        .all()
        .map(({ name, health }) => `${name}: ${health.state}`),
      ['Contoso: healthy', 'Fabrikam: healthy', 'Northwind: healthy'],
    )
    for (const device of [...devices('Contoso'), ...devices('Fabrikam'), ...devices('Northwind')])
      assert.ok(site.inventory().owner(device).mail, 'the owner is known')
    const used = new Set(await cmdlets(old.organization))
    assert.ok(used.has('Get-ActiveSyncDevice') && !used.has('Get-MobileDevice'))
    assert.ok((await cmdlets(server.organization)).includes('Set-ADServerSettings'))
    assert.deepEqual(['Contoso', 'Fabrikam', 'Northwind'].map(site.connectors().canWipeAccount), [true, true, false])
  })

  it('say how far they got: to the server, through its encryption, past its door', async () => {
    const { organization, settings } = await site.found({ kind: 'onPremises' })
    const stepsOf = async (change: object = {}) =>
      (await test({ ...settings, ...change })).report.steps.map(({ name, passed }) => `${passed ? '✓' : '✕'} ${name}`)
    const whole = ['Credential', 'Reachable', 'TLS', 'Sign-in', 'Organization', 'Version'].map((name) => `✓ ${name}`)
    assert.deepEqual(await stepsOf(), whole)
    await site.credential(settings.credential, { ...credentialOf(organization), hosts: ['127.0.0.1'], password: 'no' })
    assert.deepEqual(await stepsOf(), [...whole.slice(0, 3), '✕ Sign-in'])
    const dead = await trap()
    const untrusted = createHttpsServer({ key, cert }).listen(0, '127.0.0.1')
    await once(untrusted, 'listening')
    try {
      assert.deepEqual(await stepsOf({ address: `http://127.0.0.1:${dead.port}/PowerShell/` }), [
        '✓ Credential',
        '✕ Reachable',
      ])
      const { port } = untrusted.address() as AddressInfo
      assert.deepEqual(await stepsOf({ address: `https://127.0.0.1:${port}/PowerShell/` }), [
        ...whole.slice(0, 2),
        '✕ TLS',
      ])
    } finally {
      dead.close()
      untrusted.close()
    }
    const cloud = await site.found({ kind: 'online' })
    const { report } = await test(cloud.settings)
    assert.deepEqual(
      report.steps.map(({ name }) => name),
      ['Credential', 'Token', 'Reachable', 'TLS', 'Sign-in', 'Organization', 'Version'],
    )
    await site.change(cloud.organization, { secret: 'another' })
    const failed = (await test(cloud.settings)).report.steps.at(-1)
    assert.deepEqual([failed?.name, failed?.passed], ['Token', false])
    assert.ok(!failed?.text.includes(cloud.organization.secret))
  })

  describe('see what an account may do', () => {
    for (const kind of ['online', 'onPremises'] as const)
      it(`${kind}: every line green and every line red`, async () => {
        const { organization, settings } = await site.found({ kind, devices: 1 })
        const rows = requirements.filter(({ where = kind }) => where === kind)
        const reds = async () => (await test(settings)).report.findings.filter(({ state }) => state === 'missing')
        assert.deepEqual(await reds(), [])
        for (const half of [0, 1]) {
          const taken = rows.filter((_, position) => position % 2 === half)
          const rights = taken.map(({ cmdlet, parameter }) => `-${cmdlet}${parameter ? ` ${parameter}` : ''}`)
          await site.change(organization, { rights })
          const whole = new Set(taken.flatMap(({ cmdlet, parameter }) => (parameter ? [] : cmdlet)))
          const isTold = ({ parameter }: (typeof rows)[number]) => kind === 'onPremises' || parameter === undefined
          const expected = rows.filter((row) => whole.has(row.cmdlet) || (taken.includes(row) && isTold(row)))
          assert.deepEqual((await reds()).map(commandOf), expected.map(commandOf))
        }
      })

    it('and go by that until it is mended', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises', rights: ['Recipient Management'] })
      await site.change(organization, { rights: ['Recipient Management', 'Get-ExchangeServer', '-Clear-MobileDevice'] })
      await site.add(settings)
      const { name } = settings
      const { connectors } = site
      assert.match(connectors().lack(name, 'wipe') ?? '', /may not run Clear-MobileDevice/)
      assert.match(connectors().lack(name, 'rule-add') ?? '', /may not run Get-ActiveSyncOrganizationSettings/)
      assert.equal(connectors().lack(name, 'block'), undefined)
      await site.change(organization, { rights: null })
      await test(connectors().get(name).connector)
      assert.match(connectors().lack(name, 'wipe') ?? '', /Clear/, 'settings that are only tried change nothing')
      await connectors().test(connectors().get(name).connector, forever)
      assert.equal(connectors().lack(name, 'wipe'), undefined)
    })

    it('and name builds as they are, and refuse those that are too old', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises', version: '15.2.1600.2' })
      const said = async () => (await test(settings)).report.steps.find(({ name }) => name === 'Version')?.text
      assert.match((await said()) ?? '', /EX01: Exchange 2019, build 1600\.2/)
      await site.change(organization, { version: 'SE' })
      assert.match((await said()) ?? '', /Exchange Subscription Edition/)
      await site.change(organization, { version: '14.0.639.21' })
      const { refusal } = await test(settings)
      assert.match(refusal ?? '', /Exchange 2010, build 639\.21.*2010 SP1 is the oldest/)
    })
  })

  describe('are one for each organization', () => {
    it('and say whose it is', async () => {
      const first = await site.found({ kind: 'onPremises' }, 'First')
      await site.add(first.settings)
      const { refusal } = await test({ ...first.settings, name: 'Second' })
      assert.match(refusal ?? '', /this is the organization of First/)
    })

    it('also when two are added in the same moment', async () => {
      const { settings } = await site.found({ kind: 'online' }, 'One')
      const { connectors } = site
      for (const name of ['One', 'Other']) await connectors().add(connectors().check({ ...settings, name }))
      await until(() =>
        connectors()
          .all()
          .some(({ health }) => health.state === 'healthy'),
      )
      await until(() =>
        connectors()
          .all()
          .some(({ health }) => failureOf(health) !== undefined),
      )
      const [problem] = connectors()
        .all()
        .flatMap(({ health }) => failureOf(health)?.problem ?? [])
      assert.match(problem ?? '', /this is the organization of (One|Other), and there can be one connector for each/)
    })

    it('and stay with it: behind the same address another one is not read', async () => {
      const { settings } = await site.found({ kind: 'onPremises', devices: 3 }, 'Stays')
      const other = await site.found({ kind: 'onPremises', devices: 5 })
      await site.add(settings)
      await site.credential('Stays', credentialOf(other.organization))
      await site.restart()
      await until(() => failureOf(healthOf('Stays')) !== undefined)
      assert.match(failureOf(healthOf('Stays'))?.problem ?? '', /and Stays was set up for cn=/)
      assert.equal(devices('Stays').length, 3)
      assert.ok(!(await cmdlets(other.organization)).includes('Get-MobileDevice'))
      await assert.rejects(ask('Stays'), { code: 'EXCHANGE_UNREACHABLE' })
    })

    it('and read and write nothing until it is known which', async () => {
      const { organization, settings } = await site.found(
        { kind: 'onPremises', rights: ['Recipient Management'] },
        'Unknown',
      )
      const { connectors } = site
      await connectors().add(connectors().check(settings))
      await until(() => failureOf(healthOf('Unknown')) !== undefined)
      await assert.rejects(ask('Unknown'), { code: 'EXCHANGE_UNREACHABLE' })
      assert.deepEqual([...new Set(await cmdlets(organization))], ['Get-Command', 'Get-ExchangeServer'])
    })
  })

  describe('keep credentials', () => {
    it('from hosts that they do not name, wherever the address leads', async () => {
      const foreign = await trap()
      try {
        for (const kind of ['online', 'onPremises'] as const) {
          const { settings } = await site.found({ kind })
          const address = `http://localhost:${foreign.port}/PowerShell/`
          const { refusal } = await test({ ...settings, address })
          assert.match(refusal ?? '', /may not be sent to localhost:\d+; its hosts do not name it/)
        }
        const { organization, settings } = await site.found({ kind: 'online' })
        await site.change(organization, { regionalHost: `http://localhost:${foreign.port}` })
        const { problem } = await test(settings)
        assert.match(problem ?? '', /localhost/)
        assert.equal(foreign.contacts(), 0)
      } finally {
        foreign.close()
      }
    })

    it("from being the bot's own", async () => {
      const { organization, settings } = await site.found({ kind: 'online' })
      await site.credential(settings.credential, { ...credentialOf(organization), clientId: appId })
      const { refusal } = await test(settings)
      assert.match(refusal ?? '', /the bot's own application.*the bot's secret must not open Exchange/)
      assert.deepEqual(await cmdlets(organization), [])
    })

    it('from being of the wrong kind, readable by others, or not there', async () => {
      const { organization, settings } = await site.found({ kind: 'online' })
      const { name, credential } = settings
      const refusalOf = async () => (await test(settings)).refusal ?? ''
      await site.credential(credential, { hosts: ['127.0.0.1'], user: 'ana', password: 'secret' })
      assert.match(await refusalOf(), /user and password, and Exchange Online wants an application/)
      await site.credential('open', credentialOf(organization), 0o644)
      assert.match((await test({ ...settings, credential: 'open' })).refusal ?? '', /others/)
      assert.match((await test({ ...settings, credential: 'none' })).refusal ?? '', /none/)
      assert.ok(!site.connectors().has(name))
    })

    it('out of the store and the log', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises' }, 'Secretive')
      await site.add(settings)
      await site.change(organization, { password: 'another' })
      await test(settings)
      const written = `${await site.stored()}\n${site.logged.join('\n')}`
      assert.ok(written.includes('Secretive') && !written.includes(organization.password))
    })
  })

  describe('are as they are said to be', () => {
    it('tried again 60 minutes after the first try, told of once when it fails again, and once when it works', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises', rights: [] }, 'Late')
      const { connectors, clock, healths } = site
      await connectors().add(connectors().check(settings))
      await until(() => failureOf(healthOf('Late'))?.tries === 1)
      assert.equal(healthOf('Late').state, 'starting')
      const nextTry = Date.parse(failureOf(healthOf('Late'))?.nextTry ?? '')
      assert.equal(nextTry - clock.now().getTime(), 60 * 60_000)
      clock.pass(60)
      await until(() => failureOf(healthOf('Late'))?.tries === 2)
      clock.pass(60)
      await until(() => failureOf(healthOf('Late'))?.tries === 3)
      assert.deepEqual(healths, ['Late: starting → failed'])
      await site.change(organization, { rights: null })
      clock.pass(60)
      await until(() => healthOf('Late').state === 'healthy')
      assert.deepEqual(healths.slice(1), ['Late: failed → healthy'])
      assert.equal(devices('Late').length, 3)
    })

    it('also after a restart, and then tried at once', async () => {
      const { organization, settings } = await site.found({ kind: 'online' }, 'Restarted')
      await site.add(settings)
      await site.change(organization, { secret: 'another' })
      await site.restart()
      assert.equal(devices('Restarted').length, 3, 'the fleet is there without Exchange')
      assert.equal(healthOf('Restarted').state, 'healthy')
      await until(() => failureOf(healthOf('Restarted')) !== undefined)
      assert.ok(site.connectors().get('Restarted').full)
    })

    it('and entered by the next server when the first does not answer, each step logged', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises' }, 'Many')
      const dead = await trap()
      const other = await trap()
      const { port } = new URL(organization.address)
      await site.credential('Many', { ...credentialOf(organization), hosts: ['127.0.0.1'] })
      try {
        await site.add({
          ...settings,
          address: organization.address.replace(port, String(dead.port)),
          clientAccessServers: `Paris=127.0.0.1:${port}; Berlin=127.0.0.1:${dead.port},127.0.0.1:${other.port}`,
        })
        assert.ok(dead.contacts() > 0 && other.contacts() > 0)
        const { report, health } = site.connectors().get('Many')
        assert.equal(health.state, 'degraded')
        assert.match(
          report?.restrictions[0] ?? '',
          new RegExp(`through 127.0.0.1:${port}.*${dead.port} does not answer`),
        )
        const steps = site.logged.map((line) => JSON.parse(line)).filter(({ msg }) => /the next one is tried/.test(msg))
        assert.deepEqual(
          steps.filter(({ connector }) => connector === 'Many').map(({ server, why }) => `${server} ${why}`),
          [`127.0.0.1:${dead.port} configured`, `127.0.0.1:${other.port} same site`],
        )
        assert.equal(devices('Many').length, 3)
      } finally {
        dead.close()
        other.close()
      }
    })

    it('and in the end by any server that Get-ExchangeServer named before', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises' }, 'Found')
      await site.add(settings)
      await site.credential('Found', { ...credentialOf(organization), hosts: ['127.0.0.1', 'example.invalid'] })
      const dead = await trap()
      dead.close()
      const { report } = await test({ ...settings, address: `http://127.0.0.1:${dead.port}/PowerShell/` })
      const hosts =
        site
          .connectors()
          .get('Found')
          .report?.servers.map(({ host }) => host) ?? []
      assert.ok(hosts.length > 0)
      const said = report.steps.at(-1)?.text ?? ''
      for (const host of hosts) assert.ok(said.includes(host), `${host} in: ${said}`)
    })

    it('and not asked for a while after three failures in a row', async () => {
      const { organization, settings } = await site.found({ kind: 'online' }, 'Broken')
      await site.add(settings)
      const { connectors } = site
      await fault(organization, { cmdlet: 'Get-CASMailbox', then: 'lost-before', times: 1000 })
      const [device] = devices('Broken')
      assert.ok(device)
      const messages: string[] = []
      for (let i = 0; i < 5; i += 1) messages.push((await failure(connectors().read(device, forever))).message)
      assert.match(messages.at(-1) ?? '', /did not answer 3 times in a row/)
    })
  })

  describe('are removed', () => {
    it('while they are read, with everything that was known through them', async () => {
      const { organization, settings } = await site.found({ kind: 'onPremises', devices: 40 }, 'Leaving')
      const { connectors } = site
      await site.add(settings)
      assert.equal(devices('Leaving').length, 40)
      await fault(organization, { cmdlet: 'Get-MobileDevice', then: 'slow', ms: 300 })
      await connectors().sync('Leaving', 'full')
      const mailboxReads = async () => (await cmdlets(organization)).filter((cmdlet) => cmdlet === 'Get-Mailbox')
      await until(async () => (await mailboxReads()).length === 2)
      await connectors().forget('Leaving')
      assert.equal(connectors().has('Leaving'), false)
      assert.equal(devices('Leaving').length, 0)
      await site.restart()
      assert.equal(connectors().has('Leaving'), false)
      assert.equal(devices('Leaving').length, 0)
      const calls = await cmdlets(organization)
      assert.ok(
        calls.every((cmdlet) => /^(Get-|Set-ADServerSettings$)/.test(cmdlet)),
        'Exchange stays as it is',
      )
    })

    it('so that the organization and the name are free for another', async () => {
      const { settings } = await site.found({ kind: 'online' }, 'Again')
      await site.add(settings)
      await site.connectors().forget('again')
      assert.equal(devices('Again').length, 0)
      await site.add({ ...settings, name: 'Afresh' })
      assert.equal(healthOf('Afresh').state, 'healthy')
      const other = await site.found({ kind: 'online', devices: 4 })
      await site.add({ ...other.settings, name: 'Again' })
      assert.deepEqual([healthOf('Again').state, devices('Again').length], ['healthy', 4])
    })
  })
}).timeout(120_000)
