import { z } from 'zod'
import type { Permission } from '../access/permissions.ts'
import type { Button, Fact, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { type Command, type Context, defineCommand } from './command.ts'
import { nearest } from './nearest.ts'

export const help = defineCommand({
  name: 'help',
  aliases: ['?', 'hi', 'hello'],
  usage: '[command]',
  summary: 'Lists what you can do here, or explains one command.',
  example: 'help find',
  permission: [],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({ command: z.string().max(40).optional() }),
  async run({ command: name }, context) {
    const offered = context.commands.filter((command) => isOffered(command, context))
    if (name === undefined) return overview(offered)
    const command = offered.find((one) => one.name === name.toLowerCase() || one.aliases?.includes(name.toLowerCase()))
    if (command === undefined) throw new BotError('COMMAND_UNKNOWN', nearest(name, offered))
    return explanation(command)
  },
})

const isOffered = ({ permission }: Command, { rights }: Context) =>
  permission.length === 0 || rights.holds(...permission)

/** What commands are about, told by the permission that they need first; the groups stand in this order. */
const titles: Readonly<Record<Permission | 'none', string>> = {
  'Collection.ReadResource': 'Look up',
  'Collection.Read': 'Look up',
  'Collection.ModifyResource': 'Act on devices',
  'Collection.DeleteResource': 'Act on devices',
  'Site.Read': 'Connectors, rules and notices',
  'Site.Modify': 'Connectors, rules and notices',
  'Site.ModifyConnectorPolicy': 'Policy',
  'Security.Read': 'People and roles',
  'Security.Modify': 'People and roles',
  'Audit.Read': 'Record',
  none: 'For everybody',
}

/** What most people come for, day by day. */
const daily: readonly string[] = ['Look up', 'Act on devices', 'For everybody']
/** With more commands than this, what administrators need now and then is only named. */
const most = 20

/** Where newcomers begin. */
const starts: readonly Button[] = [
  { title: 'All devices', verb: 'find', data: {} },
  { title: 'Status', verb: 'status', data: {} },
  { title: 'My roles', verb: 'whoami', data: {} },
]

function overview(offered: readonly Command[]): Reply {
  const groups = [...new Set(Object.values(titles))].map((title) => {
    const commands = offered.filter(({ permission }) => titles[permission[0] ?? 'none'] === title)
    return offered.length <= most || daily.includes(title)
      ? { title, commands: commands.map(lineOf) }
      : { title, commands: [], names: commands.map(({ name }) => name) }
  })
  return {
    template: 'help',
    data: {
      title: 'Device Desk',
      text: 'Type a command; what stands in square brackets may be left out. “help find” explains one.',
      groups: groups.filter(({ commands, names = [] }) => commands.length + names.length > 0),
    },
    buttons: starts.filter(({ verb }) => offered.some(({ name }) => name === verb)),
  }
}

const lineOf = ({ name, usage, summary }: Command) => ({ name, usage, summary })

function explanation({ name, aliases = [], usage, summary, example, permission }: Command): Reply {
  const facts: Fact[] = [
    { label: 'Type', value: `${name} ${usage}`.trim() },
    { label: 'For example', value: example },
    ...(aliases.length > 0 ? [{ label: 'Or begin with', value: aliases.join(', ') }] : []),
    { label: 'Needs', value: permission.join(' or ') || 'no role' },
  ]
  return { template: 'facts', data: { title: name, text: summary, facts, times: [] } }
}
