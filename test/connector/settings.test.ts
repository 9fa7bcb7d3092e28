import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connector, inputs, isElsewhere, limitsOf, readConnector, textOf } from '../../src/connector/settings.ts'
import { BotError } from '../../src/errors.ts'

const online = {
  name: 'Contoso',
  kind: 'online',
  address: 'https://outlook.office365.com',
  credential: 'contoso',
} as const
const onPremises = {
  name: 'Fabrikam',
  kind: 'onPremises',
  address: 'https://ex1.fabrikam.com/PowerShell/',
  credential: 'fabrikam',
} as const

/** What is said to be wrong, setting by setting. */
function problemsOf(given: Record<string, unknown>, old?: Connector): string[] {
  try {
    readConnector(given, old)
  } catch (error) {
    assert.ok(error instanceof BotError && error.code === 'CONNECTOR_REFUSED', String(error))
    return error.message.replace(/^This cannot be used: |\.$/g, '').split('; ')
  }
  return []
}

describe('the settings of a connector', () => {
  it("have Configuration Manager's defaults", () => {
    assert.deepEqual(readConnector(online), {
      ...online,
      authority: 'https://login.microsoftonline.com',
      fullSyncSchedule: '24h',
      deltaSyncMins: 240,
      activeDirectoryContainers: [],
      minimumOsVersions: [],
      enableAccessRule: true,
      emailAddresses: [],
    })
  })

  it('are read as people type them', () => {
    const connector = readConnector({
      ...onPremises,
      kind: 'onpremises',
      clientAccessServers: 'Berlin=ex1.fabrikam.com,ex2.fabrikam.com; Paris=ex3:444',
      authentication: 'Kerberos',
      fullSyncSchedule: '02:30',
      deltaSyncMins: '30',
      activeDirectoryContainers: 'OU=Berlin,DC=fabrikam,DC=com; fabrikam.com/Paris',
      maximumInactiveDays: '90',
      minimumOsVersions: 'iOS 17.2, Android 13',
      allowExternalDeviceManagement: 'yes',
      enableAccessRule: 'ON',
      emailAddresses: 'ana@fabrikam.com, ben@fabrikam.com',
      userMailInsert: ' Ask the service desk. ',
    })
    assert.deepEqual(connector, {
      ...onPremises,
      clientAccessServers: [
        { site: 'Berlin', servers: ['ex1.fabrikam.com', 'ex2.fabrikam.com'] },
        { site: 'Paris', servers: ['ex3:444'] },
      ],
      authentication: 'kerberos',
      fullSyncSchedule: '02:30',
      deltaSyncMins: 30,
      activeDirectoryContainers: ['OU=Berlin,DC=fabrikam,DC=com', 'fabrikam.com/Paris'],
      maximumInactiveDays: 90,
      minimumOsVersions: ['iOS 17.2', 'Android 13'],
      allowExternalDeviceManagement: true,
      enableAccessRule: true,
      emailAddresses: ['ana@fabrikam.com', 'ben@fabrikam.com'],
      userMailInsert: 'Ask the service desk.',
    })
    assert.deepEqual(limitsOf(connector), { inactiveDays: 90, minimumOs: { iOS: '17.2', Android: '13' } })
  })

  it('are the same when they are typed again as they are shown', () => {
    for (const settings of [
      readConnector({
        ...online,
        tenant: 'contoso.onmicrosoft.com',
        allowExternalDeviceManagement: 'no',
        maximumInactiveDays: 30,
      }),
      readConnector({ ...onPremises, clientAccessServers: 'Berlin=ex1,ex2; Paris=ex3', minimumOsVersions: 'iOS 17' }),
    ]) {
      const typed = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, textOf(value)]))
      assert.deepEqual(readConnector(typed), settings)
      assert.deepEqual(readConnector(settings), settings, 'and as they are stored')
    }
  })

  it('stay as they are where nothing is said, and have their default again where they are emptied', () => {
    const old = readConnector({ ...online, deltaSyncMins: 30, maximumInactiveDays: 90, enableAccessRule: 'no' })
    const edited = readConnector({ deltaSyncMins: '', maximumInactiveDays: ' ', userMailInsert: '' }, old)
    assert.deepEqual(edited, readConnector({ ...online, enableAccessRule: false }))
    assert.deepEqual(problemsOf({ address: '' }, old), ['Address: missing'])
  })

  it('are told all at once where they are wrong', () => {
    assert.deepEqual(
      problemsOf({
        name: '*',
        kind: 'onPremises',
        address: 'ftp://ex1',
        credential: '../secrets',
        tenant: 'contoso',
        clientAccessServers: 'Berlin',
        authentication: 'ntlm',
        fullSyncSchedule: '25:00',
        deltaSyncMins: '4',
        maximumInactiveDays: 'a month',
        minimumOsVersions: 'the newest',
        allowExternalDeviceManagement: 'perhaps',
        enableAccessRule: '2',
        accessLevel: 'deny',
        emailAddresses: 'ana',
        userMailInsert: 'x'.repeat(257),
      }).map((problem) => problem.split(':')[0]),
      [
        ...['Name', 'Address', 'Credential', 'Client access servers', 'Authentication'],
        ...['Full sync', 'Delta sync', 'Ignore inactive devices', 'Minimum systems'],
        ...['Manage access rules', 'Allow external mobile device management', 'Quarantine mail goes to'],
        ...['Text for users in quarantine mail', 'Tenant', 'Default access level'],
      ],
    )
  })

  it('are told with the kind where that is wrong, too', () => {
    const missing = ['Kind: online or onPremises', 'Name: missing', 'Address: missing', 'Credential: missing']
    assert.deepEqual(problemsOf({}), missing)
    assert.deepEqual(problemsOf({ ...online, kind: 'cloud', deltaSyncMins: '0' }), [
      'Kind: online or onPremises',
      'Delta sync: at least 5',
    ])
  })

  for (const address of [
    'http://ex1.contoso.com/PowerShell/',
    'outlook.office365.com',
    'https://',
    'file:///etc/passwd',
  ])
    it(`take no address such as ${address}`, () => {
      assert.match(problemsOf({ ...onPremises, address })[0] ?? '', /^Address:/)
      assert.match(problemsOf({ ...online, authority: address })[0] ?? '', /^Authority:/)
    })

  it('may be unencrypted within this machine', () => {
    assert.deepEqual(problemsOf({ ...onPremises, address: 'http://127.0.0.1:8080/PowerShell/' }), [])
  })

  it('have an input each, with its title', () => {
    for (const [kind, settings] of [
      ['online', readConnector(online)],
      ['onPremises', readConnector(onPremises)],
    ] as const) {
      const named = inputs[kind].map(({ name }) => name)
      assert.deepEqual(
        Object.keys(settings).filter((name) => name !== 'kind' && !named.includes(name)),
        [],
      )
      assert.ok(inputs[kind].every(({ title }) => title.length > 0))
    }
  })

  it('stand in the documentation, with their defaults', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/connectors.md'), 'utf8')
    for (const { name, default: standard } of [...inputs.online, ...inputs.onPremises]) {
      const line = text.split('\n').find((one) => one.startsWith(`| \`${name}\` |`)) ?? assert.fail(name)
      if (standard !== undefined) assert.ok(line.split('|')[2]?.includes(textOf(standard)), line)
    }
  })

  it('say whether other devices may be found with them', () => {
    const old = readConnector(online)
    const edited = (change: Record<string, unknown>) => isElsewhere(old, readConnector(change, old))
    assert.equal(edited({ deltaSyncMins: 10, emailAddresses: 'a@b.com', credential: 'other' }), false)
    for (const change of [
      { address: 'https://outlook.office365.us' },
      { tenant: 'x' },
      { activeDirectoryContainers: 'a' },
    ])
      assert.equal(edited(change), true)
  })
})
