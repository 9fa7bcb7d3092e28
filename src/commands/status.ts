import { z } from 'zod'
import type { Fact } from '../cards/card.ts'
import { ageOf } from './age.ts'
import { defineCommand } from './command.ts'

export const status = defineCommand({
  name: 'status',
  usage: '',
  summary: 'Shows the devices by access state, how old the data is, and how the connectors are.',
  example: 'status',
  permission: ['Collection.ReadResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({}),
  async run(_, { inventory, connectors, audit, rights, now }) {
    const counts = inventory.counts(rights.reach('Collection.ReadResource'))
    const facts: Fact[] = [
      ...Object.entries(counts).map(([label, count]) => ({ label, value: count.toLocaleString('en') })),
      { label: 'Data', value: ageOf(connectors, now()) },
    ]
    if (!audit.writable())
      facts.push({
        label: 'Audit',
        value: 'It cannot be written: nothing that changes anything runs.',
        tone: 'attention',
      })
    return { template: 'facts', data: { title: 'Status', text: '', facts, times: [] } }
  },
})
