import { createHash } from 'node:crypto'
import type { Reply } from '../cards/card.ts'
import { nameOf } from '../inventory/device.ts'
import { isUnsent, isWipe, isWithExchange, type WipeRequest } from '../requests/request.ts'
import { stateTexts } from '../requests/texts.ts'
import type { Context } from './command.ts'
import { sees } from './requests.ts'

const mostNamed = 10

/** What ends with a connector; the digest names all of it, also what the asker may not see. */
export interface End {
  readonly devices: string
  /** Wipes of devices that the asker may see. */
  readonly warnings: readonly string[]
  /** How many wipes are under way. */
  readonly wipes: number
  readonly digest: string
}

/** What is under way for the devices of a connector. */
export async function endOf(connector: string, context: Context): Promise<End> {
  const { inventory, requests, rights } = context
  const open = (await requests.listOpen()).filter(isWipe).filter(({ subject }) => subject.connector === connector)
  const ours = new Set(open.map(({ subject }) => subject.guid))
  const others = inventory.wipePending(connector).filter(({ guid }) => !ours.has(guid))
  const wipes = [
    ...open.map((request) => ({ text: whatEnds(request), isSeen: sees(request, context) })),
    ...others.map((device) => ({
      text: `The wipe of ${nameOf(device, inventory.owner(device))} stays with Exchange, and nobody here follows it.`,
      isSeen: rights.may(device, 'Collection.ReadResource'),
    })),
  ]
  const digest = createHash('sha256')
    .update(JSON.stringify([connector, wipes.map(({ text }) => text)]))
    .digest('hex')
    .slice(0, 16)
  const devices = inventory.countOf(connector).toLocaleString('en')
  const warnings = wipes.filter(({ isSeen }) => isSeen).map(({ text }) => text)
  return { devices, warnings: warnings.slice(0, mostNamed), wipes: wipes.length, digest }
}

function whatEnds(request: WipeRequest): string {
  const { id, subject, status } = request
  const is = `${id}, the wipe of ${subject.name}, is ${stateTexts[status.state]}`
  if (isUnsent(request)) return `${is}: it is closed.`
  return isWithExchange(request)
    ? `${is}: it stays with Exchange, and nobody here follows it.`
    : `${is}: whether Exchange took it is not known, and nobody here looks for it any more.`
}

/** Says all that ends with a connector before it does; a press, confirmed, removes it. */
export function endReply(connector: string, { devices, warnings, wipes, digest }: End, notice?: string): Reply {
  const more = wipes - warnings.length
  return {
    template: 'preview',
    data: {
      title: `Remove ${connector}?`,
      text: `${devices} devices are forgotten here. Nothing is changed in Exchange, and no phone notices.`,
      tone: 'warning',
      ...(notice && { notice }),
      warnings: warnings.map((text) => ({ text })),
      changes: [],
      facts: more > 0 ? [{ label: 'And', value: more === 1 ? '1 more wipe' : `${more} more wipes` }] : [],
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
