import type { Button, DeviceRow, Reply, Tone } from '../cards/card.ts'
import type { BotError } from '../errors.ts'
import { type Device, nameOf } from '../inventory/device.ts'
import type { Command, Context, Values } from './command.ts'

/** Colours of access states; Exchange may name others. */
export const toneOf = (state: string): Tone =>
  state === 'Allowed' ? 'good' : state === 'Blocked' ? 'attention' : state === 'Quarantined' ? 'warning' : 'default'

export const noticeReply = ({ code, message }: BotError): Reply => ({
  template: 'notice',
  data: { title: titles[code] ?? 'Not done', text: message, tone: 'attention' },
})

const titles: Partial<Record<BotError['code'], string>> = {
  ACCESS_DENIED: 'You may not do this',
  DEVICE_UNKNOWN: 'No such device',
  EXCHANGE_OUTCOME_UNKNOWN: 'Outcome unknown',
  PERSON_UNKNOWN: 'No such person',
}

export function rowOf(device: Device, { inventory }: Context): DeviceRow {
  const owner = inventory.owner(device)
  return {
    press: { ref: device.guid },
    name: nameOf(device, owner),
    owner: owner.displayName,
    model: device.model ?? device.type,
    os: device.os ?? '',
    state: device.state,
    tone: toneOf(device.state),
    shortId: inventory.shortId(device),
    lastSync: device.statistics?.lastSync,
  }
}

/** The arguments of a press as it can carry them on to the next button. */
const carried = (values: Values): Button['data'] =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [],
    ),
  )

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
        .map((device) => ({ ...rowOf(device, context), press: { ...carried(values), ref: device.guid } })),
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
  const act = (device && command.button?.title(device)) ?? titleCase(command.name)
  const back: Button[] = device === undefined ? [] : [{ title: 'Back', verb: 'device', data: { ref: device.guid } }]
  return {
    template: 'form',
    data: { title: `${act} ${name}`.trim(), text: command.summary, fields: open },
    buttons: [
      {
        title: act,
        verb: command.name,
        data: carried(values),
        style: command.button?.style ?? 'positive',
      },
      ...back,
    ],
  }
}

const titleCase = (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')
