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
    const facts = rights.assignments.map(({ role, collection, permissions }) => ({
      label: role,
      value: `on ${collection}: ${permissions.join(', ')}`,
    }))
    const text = facts.length === 0 ? 'You have no role in Device Desk.' : `You are ${caller.name}. Your roles:`
    return { template: 'facts', data: { title: 'Who you are here', text, facts, times: [] } }
  },
})
