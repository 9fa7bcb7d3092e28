import assert from 'node:assert/strict'
import { pino } from 'pino'
import { builtInRoles, type Permission } from '../../src/access/permissions.ts'
import type { Command } from '../../src/commands/command.ts'
import { commands } from '../../src/commands/commands.ts'
import { createPipeline } from '../../src/pipeline.ts'
import { add, grant, idOf, type Site, startSite, tenant } from './site.ts'

const guids = {
  inside: '11111111-0000-4000-8000-000000000001',
  outside: '22222222-0000-4000-8000-000000000002',
  nowhere: '33333333-0000-4000-8000-000000000003',
}
type Where = keyof typeof guids

/** The mission's mapping, and ours where it says nothing. */
const needed: Record<string, readonly Permission[]> = {
  'connector-add': ['Site.Modify'],
  'connector-edit': ['Site.Modify'],
  'connector-remove': ['Site.Modify'],
  'default-access': ['Site.Modify'],
  'rule-add': ['Site.Modify'],
  'rule-remove': ['Site.Modify'],
  sync: ['Site.Modify'],
  'policy-set': ['Site.ModifyConnectorPolicy'],
  'policy-clear': ['Site.ModifyConnectorPolicy'],
  'policy-undo': ['Site.ModifyConnectorPolicy'],
  allow: ['Collection.ModifyResource'],
  block: ['Collection.ModifyResource'],
  reset: ['Collection.ModifyResource'],
  'cancel-wipe': ['Collection.ModifyResource'],
  wipe: ['Collection.ModifyResource', 'Collection.DeleteResource'],
  'wipe-account': ['Collection.ModifyResource', 'Collection.DeleteResource'],
  delete: ['Collection.DeleteResource'],
  find: ['Collection.ReadResource'],
  device: ['Collection.ReadResource'],
  user: ['Collection.ReadResource'],
  status: ['Collection.ReadResource'],
  collections: ['Collection.Read'],
  admins: ['Security.Read', 'Security.Modify'],
  roles: ['Security.Read', 'Security.Modify'],
  grant: ['Security.Modify'],
  revoke: ['Security.Modify'],
  'role-copy': ['Security.Modify'],
  'role-edit': ['Security.Modify'],
  'role-remove': ['Security.Modify'],
  'collection-add': ['Security.Modify'],
  'collection-edit': ['Security.Modify'],
  'collection-remove': ['Security.Modify'],
  'brake release': ['Security.Modify'],
  audit: ['Audit.Read'],
  help: [],
  whoami: [],
}

describe('every command', function () {
  this.timeout(60_000)

  let site: Site
  let ran: string[] = []
  let ask: ReturnType<typeof createPipeline>

  /** The command as it is, but for what it does. */
  const withoutDeed = (command: Command): Command => ({
    ...command,
    alsoAsked: () => [],
    check: () => async (_, device) => {
      ran.push(device?.guid ?? command.name)
      return { template: 'notice', data: { title: 'ran', text: '' } }
    },
  })

  before(async () => {
    site = await startSite({
      first: [
        ['Fay', 'Full Administrator'],
        ['Sam', 'Security Administrator'],
      ],
    })
    const { inventory, access } = site.rooms()
    for (const [where, guid] of Object.entries(guids).slice(0, 2)) {
      const key = { connector: where, mailbox: `${where}-mailbox` }
      await inventory.put({ ...key, guid, deviceId: `ID-${where}`, type: 'iPhone', state: 'Allowed' })
    }
    await site.change('Fay', 'Sam', add('Front desk', 'connector = inside'))
    for (const { name } of builtInRoles) await site.change('Fay', 'Sam', grant(`a ${name}`, name, 'Front desk'))
    const audit = { note() {}, record: async () => ({ n: 1 }) }
    ask = createPipeline({
      desk: { inventory, access, audit } as never,
      commands: commands.map(withoutDeed),
      refused: async () => {},
      log: pino({ level: 'silent' }),
    })
  })
  after(() => site.close())
  beforeEach(() => {
    ran = []
  })

  /** Presses a command with all that it asks for. */
  async function press(command: Command, role: string, ref: string) {
    const given = Object.fromEntries(command.fields.map(({ name }) => [name, 'x']))
    const name = `a ${role}`
    const { reply, failure } = await ask({
      caller: { tenant, id: idOf(name), name, addresses: async () => [] },
      scope: 'personal',
      request: {
        verb: command.name,
        data: { ...given, ...(command.device && { ref }), v: undefined },
        automatic: false,
      },
      signal: new AbortController().signal,
    })
    return { failure, text: JSON.stringify(reply).replaceAll(ref, '…') }
  }

  it('needs the permission of the table', () => {
    for (const [name, permission] of Object.entries(needed))
      assert.deepEqual(commands.find((one) => one.name === name)?.permission.toSorted(), permission.toSorted(), name)
  })

  for (const command of commands)
    it(`“${command.name}” runs for the roles that allow it, and on their devices only`, async () => {
      for (const { name: role, permissions } of builtInRoles) {
        const { permission } = command
        const isAllowed = permission.length === 0 || permission.some((one) => permissions.includes(one))
        for (const where of ['inside', 'outside'] as const satisfies Where[]) {
          ran = []
          const { failure, text } = await press(command, role, guids[where])
          const about = `${role} ${where}: ${text}`
          if (!isAllowed) {
            assert.deepEqual([failure?.code, ran], ['ACCESS_DENIED', []], about)
            assert.ok(text.includes(permission[0] ?? ''), about)
          } else if (command.device && where === 'outside') {
            assert.deepEqual([failure?.code, ran], ['DEVICE_UNKNOWN', []], about)
            assert.equal(text, (await press(command, role, guids.nowhere)).text, about)
          } else assert.deepEqual(ran, [command.device ? guids.inside : command.name], about)
        }
      }
    })
})
