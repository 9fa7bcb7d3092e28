import { z } from 'zod'
import { defineCommand } from './command.ts'

export const whoami = defineCommand({
  name: 'whoami',
  usage: '',
  summary: 'Shows which roles you have, where, and what they allow.',
  example: 'whoami',
  permission: [],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({}),
  async run(_, { caller, rights }) {
    const facts = rights.grants.map(({ role, collection, group, permissions }) => ({
      label: role,
      value: `on ${collection}${group === undefined ? '' : `, through the group ${group}`}: ${permissions.map(({ permission }) => permission).join(', ')}`,
    }))
    const lines = [
      facts.length === 0 ? 'You have no role in Device Desk.' : `You are ${caller.name}. Your roles:`,
      rights.groupsUnknown ? 'Microsoft Graph cannot be asked, so groups give no rights at present.' : '',
      rights.holds(...deciding) && !rights.rested.holds(...deciding)
        ? 'You cannot approve anything yet: new rights rest first.'
        : '',
    ]
    return {
      template: 'facts',
      data: { title: 'Who you are here', text: lines.filter(Boolean).join(' '), facts, times: [] },
    }
  },
})

/** What lets somebody approve. */
const deciding = ['Collection.DeleteResource', 'Security.Modify'] as const
