import { z } from 'zod'
import type { Step } from '../cards/card.ts'
import type { Health } from '../connector/health.ts'
import { stateOf } from './age.ts'
import { type Context, defineCommand } from './command.ts'
import { toneOf } from './explain.ts'
import { barsOf } from './replies.ts'

export const status = defineCommand({
  name: 'status',
  usage: '',
  summary: 'Shows the devices by access state, how old the data is, and how the connectors are.',
  example: 'status',
  permission: ['Collection.ReadResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({}),
  async run(_, context) {
    const { inventory, audit, rights } = context
    const counts = Object.entries(inventory.counts(rights.reach('Collection.ReadResource')))
    const total = counts.reduce((sum, [, count]) => sum + count, 0)
    return {
      template: 'status',
      data: {
        title: total === 1 ? '1 device' : `${total.toLocaleString('en')} devices`,
        text: 'By access state. Between full syncs new and quarantined devices are found; other changes come with the next one.',
        bars: barsOf(counts.map(([label, count]) => ({ label, count, tone: toneOf(label) }))),
        steps: [...connectorSteps(context), ...(audit.writable() ? [] : [unrecorded]), ...(await warningsOf(context))],
      },
    }
  },
})

/** How each connector is. */
export const connectorSteps = ({ connectors, now }: Context): Step[] =>
  connectors.all().map((view) => ({ ...marks[view.health.state], text: `${view.name}: ${stateOf(view, now())}` }))

const marks: Record<Health['state'], Pick<Step, 'mark' | 'tone'>> = {
  starting: { mark: '…', tone: 'accent' },
  healthy: { mark: '✓', tone: 'good' },
  degraded: { mark: '…', tone: 'warning' },
  failed: { mark: '✕', tone: 'attention' },
}

const unrecorded: Step = {
  mark: '✕',
  tone: 'attention',
  text: 'The audit cannot be written: nothing that changes anything runs.',
}

/** What makes wipes and rights more dangerous or less available than they should be. */
async function warningsOf({ requests, settings }: Context): Promise<Step[]> {
  const { pulled } = await requests.brake()
  const texts = [
    pulled && `The brake is pulled (${pulled.why}): no wipe runs until it is released.`,
    settings.RIGHTS_APPROVAL === 'off' && 'RIGHTS_APPROVAL=off: changes of rights need no second person.',
    settings.APPROVALS === 0 && 'APPROVALS=0: wipes need no second person.',
  ]
  return texts.flatMap((text) => (text ? [{ mark: '✕' as const, tone: 'attention' as const, text }] : []))
}
