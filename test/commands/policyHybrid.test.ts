import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { groups, parameterOf, settingsOf } from '../../src/connector/policy/settings.ts'
import { eventually, people, startDesk, type TestDesk } from '../desk.ts'
import { type Admin, adminOf, type Chat, chatOf, type Seen, writesOf } from './chat.ts'
import { cases } from './policyCases.ts'

describe('the policies of a hybrid organization', () => {
  let desk: TestDesk
  let chat: Chat
  let admin: Admin
  let writes: ReturnType<typeof writesOf>

  before(async () => {
    desk = await startDesk({ MASS_CHANGE: '1000000', ADMINS: 'c7e29b04-6d5f-4183-9a7e-1b40f8d36ce2' })
    chat = chatOf(desk, people.full)
    admin = await adminOf(desk)
    writes = writesOf(desk)
    const about = { name: 'Fabrikam', kind: 'onPremises', version: '2010', devices: 4 }
    const { address, user, password } = await desk.control('POST', 'organizations', about)
    const folder = join(desk.folder, 'credentials')
    await mkdir(folder, { recursive: true })
    const credential = JSON.stringify({ hosts: [new URL(address).host], user, password })
    await writeFile(join(folder, 'fabrikam.json'), credential, { mode: 0o600 })
    await chat.say(`connector-add Fabrikam onPremises address:${address} credential:fabrikam`)
    await eventually(async () => /read just now/.test((await chat.say('connectors Fabrikam')).text))
  })
  after(() => desk.close())
  beforeEach(() => writes())

  /** Confirms a change; what needs two people is approved by the second. */
  async function confirm(preview: Seen): Promise<void> {
    const reply = await chat.click(preview, 'Write to Exchange')
    const id = /R\d{4}/.exec(reply.text)?.[0]
    if (id === undefined) return assert.match(reply.text, /Done; Exchange shows it so/)
    const second = chatOf(desk, people.security)
    await second.click(await second.say(`approve ${id}`), 'Approve')
    await chat.finds(new RegExp(`${id}: done`))
  }

  it('stand side by side, and what differs is marked', async () => {
    await admin('Set-MobileDeviceMailboxPolicy', { Identity: 'Default', AllowCamera: false })
    const { text } = await chat.say('policy')
    assert.match(text, /Policy, side by side/)
    assert.match(text, /Camera Contoso: false · Fabrikam: true/)
    assert.match(text, /\nBrowser true/)
    assert.match(text, /Security left to Exchange/)
  })

  it('are changed one at a time: it is asked which one is meant', async () => {
    const which = await chat.say('policy-set Security.Camera false')
    assert.match(which.text, /Which connector\?[\s\S]*Contoso[\s\S]*Fabrikam/)
    const data = { setting: 'Security.Camera', value: 'false', connector: 'Fabrikam' }
    const preview = await chat.press(which, 'policy-set', data)
    assert.match(preview.text, /Change the policy for Fabrikam\?[\s\S]*Security\.Camera true → false/)
    assert.deepEqual(await writes(), [])
    await confirm(preview)
    const [{ cmdlet, parameters } = { cmdlet: '', parameters: {} }, ...more] = await writes()
    assert.deepEqual([cmdlet, parameters.AllowCamera, more], ['Set-ActiveSyncMailboxPolicy', false, []])
    assert.match((await chat.say('policy')).text, /Security managed here for Fabrikam/)
  })

  for (const group of groups)
    it(`have ${group} under the names and in the units of Exchange 2010`, async () => {
      const wanted = settingsOf(group).flatMap((setting) => {
        const [[typed = ''] = []] = cases[setting.name]?.takes ?? []
        const value = setting.kind.parse(typed)
        return value === undefined ? [] : [{ setting, typed, value }]
      })
      const changes = wanted.map(({ setting: { name }, typed }) => `${group}.${name}=${typed}`).join('\n')
      const shown = await chat.say(`policy ${group} connector:Fabrikam`)
      await confirm(await chat.press(shown, 'policy-set', { connector: 'Fabrikam', changes }))
      const [
        {
          cmdlet,
          parameters: { Identity, ...named },
        } = { cmdlet: '', parameters: {} },
      ] = await writes()
      const expected = wanted
        .filter(({ setting }) => setting.name !== 'Camera')
        .map(({ setting, value }) => [parameterOf(setting, '2010'), setting.kind.write(value, '2010')])
      assert.deepEqual([cmdlet, named], ['Set-ActiveSyncMailboxPolicy', Object.fromEntries(expected)])
      const { text } = await chat.say(`policy ${group} connector:Fabrikam`)
      assert.doesNotMatch(text, /in Exchange:/)
    })

  it('are undone one at a time', async () => {
    await confirm(await chat.say('policy-undo connector:Fabrikam'))
    assert.ok((await writes()).every(({ cmdlet }) => cmdlet === 'Set-ActiveSyncMailboxPolicy'))
    assert.match((await chat.say('policy-undo connector:Contoso')).text, /There is nothing to undo/)
  })
})
