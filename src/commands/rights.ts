import { z } from 'zod'
import type { RightsChange } from '../access/changes.ts'
import { permissions } from '../access/permissions.ts'
import type { Fact } from '../cards/card.ts'
import { type Command, type Context, defineCommand } from './command.ts'
import { askedReply } from './requestCard.ts'

const word = (title: string) => z.string().trim().min(1).max(100).meta({ title })
const rule = z.string().trim().min(1).max(2000).meta({ title: 'Rule', long: true })
const quorum = z.coerce.number().int().min(1).max(9).optional().meta({ title: 'Approvals' })

const reading = { permission: ['Security.Read', 'Security.Modify'], scopes: [], changes: false } as const
const changing = { permission: ['Security.Modify'], scopes: [], changes: true } as const

/** One command that makes one kind of change. */
function changeCommand<S extends z.ZodObject>(
  about: { name: string; usage: string; summary: string; example: string; args: S },
  wish: (args: z.output<S>, context: Context) => RightsChange | Promise<RightsChange>,
): Command {
  return defineCommand({
    ...about,
    ...changing,
    run: async (args, context) =>
      askedReply(await context.requests.askRights(await wish(args, context), context.caller), context),
  })
}

export const admins = defineCommand({
  ...reading,
  name: 'admins',
  usage: '',
  summary: 'Lists who holds which role on which collection.',
  example: 'admins',
  args: z.object({}),
  async run(_, { access, settings }) {
    const all = await access.assignments()
    const facts: Fact[] = all.slice(0, 40).map(({ holder, role, collection }) => ({
      label: holder.kind === 'group' ? `${holder.name} (group)` : holder.name,
      value: `${role} on ${collection}`,
    }))
    const more = all.length > facts.length ? ` The first ${facts.length} of ${all.length} are shown.` : ''
    const second =
      settings.RIGHTS_APPROVAL === 'off'
        ? 'Changes need no second person: RIGHTS_APPROVAL is off.'
        : 'Changes need a second Security Administrator once the site had two.'
    return { template: 'facts', data: { title: 'Administrators', text: second + more, facts, times: [] } }
  },
})

export const roles = defineCommand({
  ...reading,
  name: 'roles',
  usage: '',
  summary: 'Lists the roles and what each allows.',
  example: 'roles',
  args: z.object({}),
  async run(_, { access }) {
    const origins = { documented: 'documented', ours: 'ours', custom: 'made here' }
    const facts = (await access.roles()).map(({ name, origin, permissions: held }) => ({
      label: name,
      value: `${held.map(({ permission }) => permission).join(', ') || 'nothing'} (${origins[origin]})`,
    }))
    return {
      template: 'facts',
      data: {
        title: 'Roles',
        text: 'Documented ones are Configuration Manager’s. Built-in roles cannot be edited; copy one with “role-copy”.',
        facts,
        times: [],
      },
    }
  },
})

export const collections = defineCommand({
  name: 'collections',
  usage: '',
  summary: 'Lists the collections: their rules, and what limits them.',
  example: 'collections',
  permission: ['Collection.Read'],
  scopes: [],
  changes: false,
  args: z.object({}),
  async run(_, { inventory, rights }) {
    const reach = rights.reach('Collection.Read')
    const seen = inventory.collections
      .list()
      .filter(({ name }) => reach.some((held) => inventory.collections.within(name, held)))
    const facts = seen.map(({ name, parent, rule: of, approvals }) => ({
      label: name,
      value:
        parent === undefined
          ? 'every device'
          : `${of} (in ${parent}${approvals === undefined ? '' : `, ${approvals} approvals`})`,
    }))
    return { template: 'facts', data: { title: 'Collections', text: '', facts, times: [] } }
  },
})

export const rightsCommands: readonly Command[] = [
  changeCommand(
    {
      name: 'grant',
      usage: '<who> <role> on <collection>',
      summary: 'Gives a person or an Entra group a role on a collection.',
      example: 'grant omar.haddad@contoso.com Helpdesk Operator on All Mobile Devices',
      args: z.object({ who: word('Person or group'), role: word('Role'), collection: word('Collection') }),
    },
    async ({ who, role, collection }, { access }) => ({
      change: 'grant',
      holder: await access.holder(who),
      role,
      collection,
    }),
  ),
  changeCommand(
    {
      name: 'revoke',
      usage: '<who> [role]',
      summary: 'Takes a role, or all roles, from a person or an Entra group; it acts at once.',
      example: 'revoke omar.haddad@contoso.com Helpdesk Operator',
      args: z.object({ who: word('Person or group'), role: word('Role').optional() }),
    },
    async ({ who, role }, { access }) => ({
      change: 'revoke',
      holder: await access.holder(who),
      ...(role && { role }),
    }),
  ),
  changeCommand(
    {
      name: 'role-copy',
      usage: '<role> <name>',
      summary: 'Copies a role under a new name, for editing.',
      example: 'role-copy "Helpdesk Operator" "Berlin helpdesk"',
      args: z.object({ role: word('Role'), name: word('Name') }),
    },
    ({ role, name }) => ({ change: 'role-copy', role, name }),
  ),
  changeCommand(
    {
      name: 'role-edit',
      usage: '<name> <changes>',
      summary: 'Adds permissions to a copied role (+) or takes them away (-).',
      example: 'role-edit "Berlin helpdesk" +Audit.Read -Site.Read',
      args: z.object({
        name: word('Name'),
        changes: z
          .string()
          .transform((text) => text.split(/[\s,]+/).filter(Boolean))
          .pipe(z.array(z.string().regex(/^[+-]/, 'each begins with + or -')).min(1))
          .transform((all) => all.map((one) => ({ add: one.startsWith('+'), permission: one.slice(1) })))
          .pipe(
            z.array(
              z.object({ add: z.boolean(), permission: z.enum(permissions, `one of ${permissions.join(', ')}`) }),
            ),
          )
          .meta({ title: 'Permissions' }),
      }),
    },
    ({ name, changes }) => ({
      change: 'role-edit',
      name,
      add: changes.filter(({ add }) => add).map(({ permission }) => permission),
      remove: changes.filter(({ add }) => !add).map(({ permission }) => permission),
    }),
  ),
  changeCommand(
    {
      name: 'role-remove',
      usage: '<name>',
      summary: 'Removes a copied role that nobody holds any more.',
      example: 'role-remove "Berlin helpdesk"',
      args: z.object({ name: word('Name') }),
    },
    ({ name }) => ({ change: 'role-remove', name }),
  ),
  changeCommand(
    {
      name: 'collection-add',
      usage: '<name> [in <parent>] [approvals:] <rule>',
      summary: 'Adds a collection: a rule over the devices of its parent.',
      example: 'collection-add Berlin approvals:2 ou startsWith "contoso.com/Berlin"',
      args: z.object({
        name: word('Name'),
        parent: word('Parent').default('All Mobile Devices'),
        approvals: quorum,
        rule,
      }),
    },
    (collection) => ({ change: 'collection-add', collection }),
  ),
  changeCommand(
    {
      name: 'collection-edit',
      usage: '<name> [in <parent>] [approvals:] <rule>',
      summary: 'Changes the rule, the parent or the approvals of a collection.',
      example: 'collection-edit Berlin approvals:2 ou startsWith "contoso.com/Berlin" or user = adele',
      args: z.object({ name: word('Name'), parent: word('Parent').optional(), approvals: quorum, rule }),
    },
    ({ name, parent, approvals, rule: wished }, { inventory }) => ({
      change: 'collection-edit',
      collection: {
        name,
        parent: parent ?? inventory.collections.get(name)?.parent ?? 'All Mobile Devices',
        rule: wished,
        ...(approvals !== undefined && { approvals }),
      },
    }),
  ),
  changeCommand(
    {
      name: 'collection-remove',
      usage: '<name>',
      summary: 'Removes a collection that limits nothing and on which nobody holds a role.',
      example: 'collection-remove Berlin',
      args: z.object({ name: word('Name') }),
    },
    ({ name }) => ({ change: 'collection-remove', name }),
  ),
]
