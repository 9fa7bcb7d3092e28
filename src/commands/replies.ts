import type { Bar, Button, DeviceRow, Reply, Tone } from '../cards/card.ts'
import type { BotError } from '../errors.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import { soldAs } from '../inventory/models.ts'
import type { Command, Context, Values } from './command.ts'
import { clientName, toneOf } from './explain.ts'

export function noticeReply({ code, message }: BotError): Reply {
  const [title, tone]: Heading = headings[code] ?? ['Not done', 'attention']
  return { template: 'notice', data: { title, text: message, tone } }
}

type Heading = readonly [title: string, tone: Tone]

/** What people can put right by themselves is no alarm. */
const headings: Partial<Record<BotError['code'], Heading>> = {
  ACCESS_DENIED: ['You may not do this', 'warning'],
  COMMAND_ARGUMENT: ['Check what you typed', 'default'],
  COMMAND_UNKNOWN: ['Not understood', 'default'],
  DEVICE_UNKNOWN: ['No such device', 'default'],
  EXCHANGE_OUTCOME_UNKNOWN: ['Outcome unknown', 'attention'],
  PERSON_UNKNOWN: ['No such person', 'default'],
}

export function rowOf(device: Device, { inventory }: Context): DeviceRow {
  const owner = inventory.owner(device)
  const lastSync = device.statistics?.lastSync
  return {
    press: { ref: device.guid },
    name: nameOf(device, owner),
    owner: owner.displayName,
    model: soldAs(device.model ?? device.type),
    os: device.os?.replace(/ \d+[A-Z]\w+$/, '') ?? '',
    state: device.state,
    tone: toneOf(device.state),
    shortId: inventory.shortId(device),
    client: clientName(device),
    ...(lastSync && { last: { at: lastSync, private: true } }),
  }
}

/** One bar before it is drawn. */
export interface Count extends Partial<Pick<Bar, 'tone' | 'press'>> {
  readonly label: string
  readonly count: number
}

/** Counts as bars, the longest of which fills its place. */
export function barsOf(counts: readonly Count[]): Bar[] {
  const most = Math.max(1, ...counts.map(({ count }) => count))
  return counts.map(({ count, tone = 'default', ...about }) => ({
    ...about,
    value: count.toLocaleString('en'),
    share: Math.round((100 * count) / most),
    tone,
  }))
}

/** Values as a button can carry them. */
export const pressable = (values: Values): Button['data'] =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [],
    ),
  )

/** The arguments of a press as it can carry them on to the next button. */
const carried = ({ fields }: Command, values: Values): Button['data'] =>
  pressable(Object.fromEntries([...fields.map(({ name }) => name), 'v'].map((name) => [name, values[name]])))

/** Several devices go by what was typed: a press on one of them runs the command on it. */
export function chooseReply(
  command: Command,
  { v: _, ...values }: Values,
  devices: readonly Device[],
  context: Context,
): Reply {
  return {
    template: 'devices',
    data: {
      title: 'Which one?',
      text: `${devices.length} devices go by this name; choose one for “${command.name}”.`,
      rows: devices
        .slice(0, 10)
        .map((device) => ({ ...rowOf(device, context), press: { ...carried(command, values), ref: device.guid } })),
      verb: command.name,
    },
  }
}

/** Asks for what a press left open; the answer is a press on the same command. */
export function formReply(
  command: Command,
  values: Values,
  open: Command['fields'],
  device: Device | undefined,
  context: Context,
): Reply {
  const name = device === undefined ? '' : nameOf(device, context.inventory.owner(device))
  const act = (device && command.button?.title(device)) ?? command.called?.(values) ?? titleCase(command.name)
  const back: Button[] =
    device === undefined ? [] : [{ title: 'Back', verb: 'device', data: { ref: device.guid }, leaves: true }]
  return {
    template: 'form',
    data: { title: `${act} ${name}`.trim(), text: command.summary, fields: open },
    buttons: [
      {
        title: act,
        verb: command.name,
        data: carried(command, values),
        style: command.button?.style ?? 'positive',
      },
      ...back,
    ],
  }
}

const titleCase = (name: string) => capital(name).replaceAll('-', ' ')

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
