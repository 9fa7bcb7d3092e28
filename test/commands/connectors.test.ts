import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { adminOf, type Chat, chatOf } from './chat.ts'

/** Seconds that a busy machine may need for what takes a fraction of one. */
const patience = 45

/** A file may be replaced while its folder is read. */
function unlessGone(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error
  return ''
}

describe('connectors in chat', () => {
  let desk: TestDesk
  let viktor: Chat

  before(async () => {
    desk = await startDesk()
    viktor = chatOf(desk, people.full)
  })
  after(() => desk.close())
  afterEach(() => desk.control('DELETE', 'faults'))

  /** Another organization of the sandbox, with its credential file. */
  async function found(name: string, about: object = {}) {
    const organization = await desk.control('POST', 'organizations', { name, devices: 4, ...about })
    const { address, authority = address, tenant, clientId, secret, user, password } = organization
    const hosts = [new URL(address).host, new URL(authority).host]
    await credential(name.toLowerCase(), user ? { hosts, user, password } : { hosts, tenant, clientId, secret })
    return organization
  }

  async function credential(name: string, content: object): Promise<void> {
    const file = join(desk.folder, 'credentials', `${name}.json`)
    await mkdir(join(desk.folder, 'credentials'), { recursive: true })
    await writeFile(file, JSON.stringify(content), { mode: 0o600 })
    await chmod(file, 0o600)
  }

  const addWords = (name: string, { kind, address, authority }: Json) =>
    `connector-add ${name} ${kind} address:${address} credential:${name.toLowerCase()}${authority ? ` authority:${authority}` : ''}`

  /** The answer, once it reads so. */
  const soon = (words: string, pattern: RegExp) =>
    eventually(async () => {
      const now = await viktor.say(words)
      return pattern.test(now.text) && now
    }, patience)

  const remove = async (name: string) => viktor.click(await viktor.say(`connector-remove ${name}`), `Remove ${name}`)

  /** The inputs of a card, wherever they stand. */
  const inputsOf = (part: Json): Json[] =>
    typeof part !== 'object' || part === null
      ? []
      : String(part.type).startsWith('Input.')
        ? [part]
        : Object.values(part).flatMap(inputsOf)

  it('are added by words, tested, and read', async () => {
    const fabrikam = await found('Fabrikam', { kind: 'onPremises', version: '2019' })
    const added = await viktor.say(addWords('Fabrikam', fabrikam))
    assert.match(added.text, /Fabrikam can be used[\s\S]*Added\.[\s\S]*EX01: Exchange 2019 CU15, build 1748\.10/)
    assert.match(added.text, /✓ Clear-MobileDevice -AccountOnly/)
    const shown = await soon('connectors fabrikam', /^Fabrikam\nHealthy, read just now\./)
    assert.match((await viktor.say('find connector:fabrikam')).text, /4 devices/)
    assert.match(shown.text, /Exchange Server on premises[\s\S]*cn=fabrikam[\s\S]*Full sync: 4 devices/)
    assert.match(
      (await viktor.say('connectors')).text,
      /Contoso\nExchange Online: healthy, read just now\nFabrikam\nExchange Server on premises: healthy, read just now/,
    )
    assert.match((await viktor.say('status')).text, /Fabrikam: read just now/)
    await remove('Fabrikam')
  })

  it('are added by a form, of the kind that was chosen', async () => {
    const wingtip = await found('Wingtip')
    const choice = await viktor.say('connector-add')
    assert.match(choice.text, /Exchange Online[\s\S]*Exchange on premises/)
    const form = await viktor.press(choice, 'connector-add', { kind: 'online' })
    const named = inputsOf(form.card).map(({ id }) => id)
    assert.deepEqual(named.slice(0, 5), ['name', 'address', 'credential', 'tenant', 'authority'])
    assert.ok(['fullSyncSchedule', 'deltaSyncMins', 'accessLevel', 'userMailInsert'].every((id) => named.includes(id)))
    assert.ok(!named.includes('clientAccessServers'))
    const wrong = await viktor.click(form, 'Add and test', { name: 'Wingtip', deltaSyncMins: '1', address: 'x' })
    assert.match(wrong.text, /Address: an address such as.*Credential: missing.*Delta sync: at least 5/)
    const { address, authority } = wingtip
    const typed = {
      name: 'Wingtip',
      address,
      authority,
      credential: 'wingtip',
      deltaSyncMins: 60,
      enableAccessRule: 'no',
    }
    assert.match((await viktor.click(wrong, 'Add and test', typed)).text, /Wingtip can be used/)
    assert.match((await viktor.say('connectors Wingtip')).text, /Delta sync\n60/)
    await remove('Wingtip')
  })

  it('are not added when settings are wrong, and the form has what was typed', async () => {
    const form = await viktor.say('connector-add Litware online address:http://litware.com deltaSyncMins:9999')
    assert.match(form.text, /Address: https, but for this machine.*Credential: missing.*Delta sync: at most 1440/)
    assert.equal(inputsOf(form.card).find(({ id }) => id === 'name')?.value, 'Litware')
    assert.match(
      (await viktor.say('connector-add Litware cloud address:x')).text,
      /Kind: online or onPremises.*Address/,
    )
    assert.doesNotMatch((await viktor.say('connectors')).text, /Litware/)
  })

  it('are one for each organization, and one for each name', async () => {
    const { address, authority } = (await desk.control('GET', 'organizations')).find(
      ({ name }: Json) => name === 'Contoso',
    )
    const again = `connector-add Again online address:${address} authority:${authority} credential:contoso`
    assert.match((await viktor.say(again)).text, /Again cannot be used\nthis is the organization of Contoso/)
    const same = `connector-add contoso online address:${address} authority:${authority} credential:contoso`
    assert.match((await viktor.say(same)).text, /there is a connector contoso already/)
    assert.match((await viktor.say('connector-add contoso')).text, /there is a connector contoso already/)
    assert.match((await viktor.say('connectors again')).text, /I know no connector “again”/)
  })

  it('are changed by words and by a form that shows how they are', async () => {
    const form = await viktor.say('connector-edit contoso')
    const value = (id: string) => inputsOf(form.card).find((input) => input.id === id)?.value
    assert.deepEqual([value('credential'), value('deltaSyncMins'), value('name')], ['contoso', 240, undefined])
    const changed = await viktor.click(form, 'Change and test', { deltaSyncMins: '30', maximumInactiveDays: '90' })
    assert.match(changed.text, /Contoso can be used[\s\S]*Changed\./)
    assert.match((await viktor.say('connectors contoso')).text, /Delta sync\n30[\s\S]*Ignore inactive devices\n90/)
    await viktor.say('connector-edit contoso deltaSyncMins:"" maximumInactiveDays:""')
    const shown = (await viktor.say('connectors contoso')).text
    assert.match(shown, /Delta sync\n240/)
    assert.doesNotMatch(shown, /Ignore inactive/)
  })

  it('have Exchange as the settings want it, and tell when it is otherwise', async () => {
    const admin = await adminOf(desk)
    const shown = async () => ({
      ...(await admin('Get-ActiveSyncOrganizationSettings'))[0],
      ...(await admin('Get-MobileDeviceMailboxPolicy')).find(({ IsDefault }) => IsDefault),
    })
    const wishes = 'emailAddresses:desk@contoso.com userMailInsert:"Ask the desk." allowExternalDeviceManagement:yes'
    const changed = await viktor.say(`connector-edit contoso ${wishes} accessLevel:quarantine`)
    assert.match(changed.text, /Changed\. Exchange has it so\. The default access level is as it was/)
    const { AdminMailRecipients, UserMailInsert, AllowExternalDeviceManagement, DefaultAccessLevel } = await shown()
    assert.deepEqual(
      { AdminMailRecipients, UserMailInsert, AllowExternalDeviceManagement, DefaultAccessLevel },
      {
        AdminMailRecipients: ['desk@contoso.com'],
        UserMailInsert: 'Ask the desk.',
        AllowExternalDeviceManagement: true,
        DefaultAccessLevel: 'Allow',
      },
    )
    assert.match(
      (await viktor.click(changed, 'Default access: Quarantine')).text,
      /Default access level of Contoso: Quarantine\?[\s\S]*[\d,]+ of 2,000 change/,
    )

    await admin('Set-ActiveSyncOrganizationSettings', { AdminMailRecipients: null })
    await viktor.say('sync full')
    await soon('connectors contoso', /Exchange sends quarantine mail to nobody/)
    const before = (await desk.control('GET', 'calls')).length
    await viktor.say('connector-edit contoso emailAddresses:"" userMailInsert:"" allowExternalDeviceManagement:""')
    await viktor.say('sync full')
    await soon(
      'connectors contoso',
      /^((?!quarantine mail)[\s\S])*Full sync: 2,000 devices((?!quarantine mail)[\s\S])*$/,
    )
    const calls = (await desk.control('GET', 'calls')).slice(before)
    assert.ok(calls.every(({ cmdlet }: Json) => cmdlet.startsWith('Get-')))
  })

  it('do not change access rules where they shall not', async () => {
    await viktor.say('connector-edit contoso enableAccessRule:no')
    for (const words of ['default-access block', 'rule-add block model iPhone', 'rule-remove 12345678'])
      assert.match((await viktor.say(words)).text, /is not possible: enableAccessRule of Contoso is off/)
    assert.doesNotMatch((await viktor.say('rules')).text, /not possible/)
    await viktor.say('connector-edit contoso enableAccessRule:yes')
    assert.match((await viktor.say('default-access allow')).text, /There is nothing to change/)
  })

  it('keep a credential from hosts that it does not name, before a byte goes there', async () => {
    let contacts = 0
    const thief = createServer(() => contacts++).listen(0, '127.0.0.1')
    await once(thief, 'listening')
    try {
      const host = `localhost:${(thief.address() as AddressInfo).port}`
      for (const setting of ['address', 'authority']) {
        const refused = await viktor.say(`connector-edit contoso ${setting}:http://${host}`)
        assert.match(refused.text, new RegExp(`contoso may not be sent to ${host}; its hosts do not name it`))
        assert.match(refused.text, /Nothing was changed/)
        assert.ok((await desk.audit()).some(({ target, outcome }) => target?.includes(host) && outcome === 'refused'))
      }
      assert.ok(!(await viktor.say('connectors contoso')).text.includes(host))
      assert.equal(contacts, 0)
    } finally {
      thief.close()
    }
  })

  it('take no password in words or in a form, and keep none that was typed', async () => {
    const { address } = await found('Leaky', { kind: 'onPremises' })
    const asUser = address.replace('//', '//svc:hunter2@')
    for (const words of [
      `connector-add Leaky onPremises address:${address} credential:leaky password:hunter2`,
      `connector-add Leaky onPremises address:${asUser} credential:leaky`,
      'connector-edit contoso password = "hunter2"',
      'connector-edit contoso client_secret:hunter2',
    ])
      assert.match((await viktor.say(words)).text, /a password does not go through chat/)
    const form = await viktor.press(await viktor.say('connector-add'), 'connector-add', { kind: 'onPremises' })
    const typed = { name: 'Leaky', address: asUser, credential: 'leaky' }
    assert.match((await viktor.click(form, 'Add and test', typed)).text, /a password does not go through chat/)
    assert.doesNotMatch((await viktor.say('connectors')).text, /Leaky/)
    // Nobody waits for the record of what was refused.
    const refused = async () => (await desk.audit()).filter(({ note }) => note === 'CREDENTIAL_TYPED')
    await eventually(async () => (await refused()).length === 5)
    assert.ok(!JSON.stringify(await desk.audit()).includes('hunter2'))
    assert.ok(!desk.logged.join('').includes('hunter2'))
  })

  it('show what the account may not do, keep just that from people, and say why', async () => {
    const rights = ['-Clear-MobileDevice', '-Set-CASMailbox ActiveSyncBlockedDeviceIDs']
    const tailspin = await found('Tailspin', { kind: 'onPremises', rights })
    await desk.control('POST', 'mailboxes', { organization: 'Tailspin', Alias: 'tess' })
    await desk.control('POST', 'devices', { organization: 'Tailspin', mailbox: 'tess', DeviceType: 'iPhone' })
    const tested = await viktor.say(addWords('Tailspin', tailspin))
    assert.match(tested.text, /not for everything[\s\S]*✕ Clear-MobileDevice {2}Recipient Management has it/)
    assert.match(tested.text, /✕ Set-CASMailbox -ActiveSyncBlockedDeviceIDs[\s\S]*✓ Remove-MobileDevice/)
    const card = await soon('device tess_iPhone', /Mailbox\ntess@/)
    assert.match(card.text, /Wipe phone\n● Not possible: the account of Tailspin may not run Clear-MobileDevice/)
    assert.match(
      card.text,
      /Block\n● Not possible: the account of Tailspin may not run Set-CASMailbox -ActiveSyncBlocked/,
    )
    const titles = card.card.actions.map(({ title }: Json) => title)
    assert.ok(!titles.includes('Wipe phone') && !titles.includes('Block'), titles.join())
    assert.match(
      (await viktor.say('wipe tess_iPhone stolen in Rome')).text,
      /“wipe” is not possible.*Clear-MobileDevice/,
    )
    assert.match((await viktor.say('block tess_iPhone lost it')).text, /“block” is not possible/)

    await desk.control('POST', 'organizations/Tailspin', { rights: null })
    assert.match((await viktor.say('connector-test tailspin')).text, /Tailspin can be used\n/)
    assert.match((await viktor.say('block tess_iPhone lost it')).text, /is blocked for its mailbox/)
    await remove('Tailspin')
  })

  it('are removed after all is said that ends with them, by a press that has seen it', async () => {
    const alpine = await found('Alpine', { kind: 'onPremises' })
    for (const Alias of ['ada', 'bea', 'cleo']) {
      await desk.control('POST', 'mailboxes', { organization: 'Alpine', Alias })
      await desk.control('POST', 'devices', { organization: 'Alpine', mailbox: Alias, DeviceType: 'iPhone' })
    }
    await viktor.say(addWords('Alpine', alpine))
    /** Asks for a wipe; resolves to the id of the request. */
    const ask = async (name: string) => {
      const preview = await soon(`wipe ${name} stolen in Rome`, /· \w{8}/)
      const [, shortId = ''] = /· (\w{8})/.exec(preview.text) ?? []
      return /R\d+/.exec((await viktor.click(preview, 'Ask for approval', { shortId })).text)?.[0] ?? ''
    }
    /** Exchange on premises knows nobody's Entra account, so two must approve. */
    const approvers = [people.approver, people.security].map((who) => chatOf(desk, who))
    for (const who of approvers) await who.say('help')
    const ordered = await ask('bea_iPhone')
    for (const [said, who] of approvers.entries())
      await who.click(
        await who.finds(new RegExp(`${ordered}\\nWaiting[\\s\\S]*${said === 0 ? 'Reason' : '1 of 2'}`)),
        'Approve',
      )
    await soon(`request ${ordered}`, /with Exchange/i)
    const early = await viktor.say('connector-remove alpine')
    assert.match(early.text, /Remove Alpine\?[\s\S]*7 devices are forgotten here/)
    assert.match(early.text, /the wipe of bea_iPhone, is .*: it stays with Exchange, and nobody here follows it/)
    const waiting = await ask('ada_iPhone')

    const stale = await viktor.click(early, 'Remove Alpine')
    assert.match(
      stale.text,
      /changed since you looked[\s\S]*the wipe of ada_iPhone, is waiting for approval: it is closed/,
    )
    const removed = await viktor.click(stale, 'Remove Alpine')
    assert.match(removed.text, /Alpine is removed, and its 7 devices are forgotten/)
    assert.match((await viktor.say(`request ${waiting}`)).text, /Not done: the connector Alpine was removed/)
    assert.match((await viktor.say(`request ${ordered}`)).text, /Alpine was removed: Exchange keeps the order/)
    assert.match((await viktor.say('find connector:alpine')).text, /^No device/)
    assert.doesNotMatch((await viktor.say('connectors')).text, /Alpine/)
    const calls = await desk.control('GET', 'calls')
    assert.ok(
      !calls.some(
        ({ cmdlet, organization }: Json) => organization === 'Alpine' && !/^(Get|Set-ADServer|Clear)/.test(cmdlet),
      ),
    )
    assert.equal(calls.filter(({ cmdlet }: Json) => cmdlet === 'Clear-MobileDevice').length, 1)
  })

  it('are read when people want it: what is new, or all', async () => {
    const calls = async () =>
      (await desk.control('GET', 'calls'))
        .filter(({ organization }: Json) => organization === 'Contoso')
        .map(({ cmdlet }: Json) => cmdlet)
    const before = (await calls()).length
    assert.match((await viktor.say('sync')).text, /Contoso[\s\S]*The delta sync is under way/)
    await eventually(
      async () => (await calls()).slice(before).filter((one: string) => one === 'Get-MobileDevice').length >= 2,
    )
    assert.ok(!(await calls()).slice(before).includes('Get-Mailbox'))
    assert.match((await viktor.say('sync full connector:CONTOSO')).text, /The full sync is under way/)
    await eventually(async () => (await calls()).slice(before).includes('Get-Mailbox'))
    assert.match((await viktor.say('sync everything')).text, /either “full” or nothing/)
  })

  it('are for those who may change the site', async () => {
    const hanna = chatOf(desk, people.helpdesk)
    assert.match((await hanna.say('connectors')).text, /Contoso/)
    assert.equal((await hanna.say('connectors contoso')).card.actions, undefined)
    for (const words of [
      'connector-add',
      'connector-edit contoso deltaSyncMins:5',
      'connector-test contoso',
      'connector-remove contoso',
      'sync full',
    ])
      assert.match((await hanna.say(words)).text, /You need the permission Site\.Modify/)
    assert.match((await chatOf(desk, people.nobody).say('connectors')).text, /permission Site\.Read/)
  })

  it('are shown to Prometheus', async () => {
    const metrics = await (await fetch(`${desk.url()}/metrics`)).text()
    assert.match(metrics, /connector_health\{connector="Contoso",of="healthy"\} 1/)
    assert.match(metrics, /connector_devices\{connector="Contoso",of="full"\} 2000/)
    assert.match(metrics, /connector_last_sync_timestamp_seconds\{connector="Contoso",of="full"\} \d+/)
  })

  it('leave nothing of a credential in the store, the record, the log or on cards', async () => {
    const organizations: Json[] = await desk.control('GET', 'organizations')
    const secrets = organizations.flatMap(({ secret, password }) => [secret, password]).filter(Boolean)
    assert.ok(secrets.length >= 4)
    const names = await readdir(join(desk.folder, 'store'), { recursive: true, withFileTypes: true })
    const files = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    const stored = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(unlessGone)))
    const written = [...stored, desk.logged.join(''), JSON.stringify(desk.teams.calls)].join('\n')
    for (const secret of secrets) assert.ok(!written.includes(secret))
    assert.ok(written.includes('"credential":"contoso"'), 'the name is stored')
  })
}).timeout(120_000)
