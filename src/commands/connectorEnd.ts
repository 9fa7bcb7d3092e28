import { createHash } from 'node:crypto'
import type { Reply } from '../cards/card.ts'
import { nameOf } from '../inventory/device.ts'
import { isPending, isWipe, type WipeRequest } from '../requests/request.ts'
import { stateTexts } from '../requests/texts.ts'
import type { Context } from './command.ts'

/** What ends with a connector; the digest names it. */
export interface End {
  readonly devices: string
  readonly warnings: readonly string[]
  readonly digest: string
}

/** What is under way for the devices of a connector. */
export async function endOf(connector: string, { inventory, requests }: Context): Promise<End> {
  const open = (await requests.listOpen()).filter(isWipe).filter(({ subject }) => subject.connector === connector)
  const ours = new Set(open.map(({ subject }) => subject.guid))
  const others = inventory.wipePending(connector).filter(({ guid }) => !ours.has(guid))
  const warnings = [
    ...open.map(whatEnds),
    ...others.map(
      (device) =>
        `The wipe of ${nameOf(device, inventory.owner(device))} stays with Exchange, and nobody here follows it.`,
    ),
  ]
  const digest = createHash('sha256')
    .update(JSON.stringify([connector, warnings]))
    .digest('hex')
    .slice(0, 16)
  return { devices: inventory.countOf(connector).toLocaleString('en'), warnings, digest }
}

function whatEnds(request: WipeRequest): string {
  const { id, subject, status } = request
  const is = `${id}, the wipe of ${subject.name}, is ${stateTexts[status.state]}`
  return isPending(request) && status.state !== 'approved'
    ? `${is}: it stays with Exchange, and nobody here follows it.`
    : `${is}: it is closed.`
}

/** Says all that ends with a connector before it does; a press, confirmed, removes it. */
export function endReply(connector: string, { devices, warnings, digest }: End, notice?: string): Reply {
  return {
    template: 'preview',
    data: {
      title: `Remove ${connector}?`,
      text: `${devices} devices are forgotten here. Nothing is changed in Exchange, and no phone notices.`,
      tone: 'warning',
      ...(notice && { notice }),
      warnings: warnings.slice(0, 10).map((text) => ({ text })),
      changes: [],
      facts: warnings.length > 10 ? [{ label: 'And', value: `${warnings.length - 10} more wipes` }] : [],
      times: [],
      bars: [],
      rows: [],
      verb: 'device',
    },
    buttons: [
      {
        title: `Remove ${connector}`,
        verb: 'connector-remove',
        data: { name: connector, confirm: digest },
        style: 'destructive',
      },
      { title: 'Back', verb: 'connectors', data: { name: connector } },
    ],
  }
}
