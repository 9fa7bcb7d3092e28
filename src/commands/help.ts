import { z } from 'zod'
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
    if (name === undefined)
      return {
        template: 'help',
        data: {
          title: 'Device Desk',
          text: 'Finds, allows, blocks and wipes the mobile devices that connect to Exchange. Type a command, or press one.',
          commands: offered.map(lineOf),
        },
      }
    const command = offered.find((one) => one.name === name.toLowerCase() || one.aliases?.includes(name.toLowerCase()))
    if (command === undefined) throw new BotError('COMMAND_UNKNOWN', nearest(name, offered))
    return {
      template: 'help',
      data: {
        title: command.name,
        text: `${command.summary} For example: ${command.example}`,
        commands: [lineOf(command)],
      },
    }
  },
})

const isOffered = ({ permission }: Command, { rights }: Context) =>
  permission.length === 0 || rights.holds(...permission)

const lineOf = ({ name, usage, summary }: Command) => ({ usage: `${name} ${usage}`.trim(), summary })
