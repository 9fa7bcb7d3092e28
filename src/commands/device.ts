import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Button, Fact, Moment, Reply, Tone } from '../cards/card.ts'
import { type Device, type Exemption, exemptionOf, nameOf, type Owner } from '../inventory/device.ts'
import { soldAs } from '../inventory/models.ts'
import { isPending, type Request } from '../requests/request.ts'
import { stateTexts } from '../requests/texts.ts'
import { isExpected } from '../requests/track.ts'
import { type Context, defineDeviceCommand, Ref } from './command.ts'
import { earlierFacts } from './earlier.ts'
import { accessOf, clientOf, inWords } from './explain.ts'
import { ignoredFacts } from './ignored.ts'
import { sharedFacts } from './shared.ts'

export const device = defineDeviceCommand({
  name: 'device',
  usage: '<ref>',
  summary: 'Shows one device: whose it is, whether it may connect and why, and what can be done.',
  example: 'device adele_iPhone',
  permission: ['Collection.ReadResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({ ref: Ref }),
  async run(device, _, context) {
    context.connectors.refresh(device)
    return deviceReply(device, context)
  },
})

/** A device with all that decides what may be done with it. */
export interface DeviceView {
  readonly device: Device
  readonly owner: Owner
  readonly exemption: Exemption
  /** The open request about it. */
  readonly request: Request | undefined
  /** Whether a wipe may still reach it, asked for here or by somebody else. */
  readonly wipePending: boolean
}

type Rooms = Pick<Context, 'inventory' | 'requests' | 'now'>

export async function viewDevice(device: Device, { inventory, requests, now }: Rooms): Promise<DeviceView> {
  const owner = inventory.owner(device)
  const request = await requests.openFor(device)
  const { wipe = {}, accountWipe = {} } = device.statistics ?? {}
  const wipePending =
    (request !== undefined && isPending(request)) || isExpected(wipe, now()) || isExpected(accountWipe, now())
  return { device, owner, exemption: exemptionOf(device, owner), request, wipePending }
}

/** Changes when what was decided about the device changes: a press on an older card does nothing. */
export function versionOf({ device, exemption, request, wipePending }: DeviceView): string {
  const shown = [device.state, device.reason, device.rule, exemption, request?.id, wipePending]
  return createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 8)
}

/** The card of one device, with exactly the buttons that the caller may press. */
export async function deviceReply(device: Device, context: Context, notice?: string): Promise<Reply> {
  const view = await viewDevice(device, context)
  const { owner } = view
  return {
    template: 'device',
    about: { verb: 'device', data: { ref: device.guid } },
    data: {
      name: nameOf(device, owner),
      owner: owner.displayName,
      model: soldAs(device.model ?? device.type),
      os: device.os ?? 'system not known',
      shortId: context.inventory.shortId(device),
      ...accessOf(device, owner, context.rules.known(device.connector)),
      ...(notice !== undefined && { notice }),
      ...contactOf(device),
      facts: [
        ...earlierFacts(device, context),
        ...sharedFacts(device, context),
        ...ignoredFacts(view, context),
        ...factsOf(view),
        ...lacksOf(view, context),
      ],
      details: detailsOf(device),
    },
    buttons: buttonsOf(view, context),
  }
}

/** When it was last here, or that it never was, and what is known of a wipe. */
function contactOf({ statistics, firstSync }: Device): { times: Moment[]; silent?: Omit<Fact, 'label'> } {
  const { lastSync, lastAttempt, wipe, accountWipe } = statistics ?? {}
  const known = (label: string, at: string | undefined): Moment[] => (at ? [{ label, at, private: true }] : [])
  const wipes = [
    ...known('Wipe asked for', wipe?.requested),
    ...known('Wipe sent', wipe?.sent),
    ...known('Wipe acknowledged', wipe?.acknowledged),
    ...known('Account wipe asked for', accountWipe?.requested),
    ...known('Account wipe sent', accountWipe?.sent),
    ...known('Account wipe acknowledged', accountWipe?.acknowledged),
  ]
  if (lastSync !== undefined) return { times: [...known('Last contact', lastSync), ...wipes] }
  if (statistics === undefined)
    return { times: known('First contact', firstSync), silent: { value: 'Not read from Exchange yet', private: true } }
  const silent: Omit<Fact, 'label'> = { value: 'Never synchronized', tone: 'warning', private: true }
  return { times: [...known('Last attempt', lastAttempt), ...wipes], silent }
}

function factsOf({ device, owner, request }: DeviceView): Fact[] {
  const facts: (Fact | undefined)[] = [
    request && { label: 'Request', value: `${request.id}: ${stateTexts[request.status.state]}`, tone: 'warning' },
    hidden('Mailbox', owner.mail ?? owner.upn ?? owner.name),
    owner.kind === 'SharedMailbox' ? hidden('Mailbox kind', 'Shared', 'warning') : undefined,
    owner.accountDisabled ? hidden('Account', 'Disabled', 'warning') : undefined,
    owner.activeSync === false ? hidden('ActiveSync', 'Off for this mailbox', 'warning') : undefined,
    hidden('Client', clientOf(device)),
    hidden('Policy', device.statistics?.policyStatus && inWords(device.statistics.policyStatus)),
  ]
  return facts.filter((fact) => fact !== undefined)
}

function detailsOf({ connector, deviceId, friendlyName, imei, model, phone, userAgent }: Device): Fact[] {
  const details = [
    hidden('Calls itself', friendlyName),
    hidden('Phone number', phone),
    hidden('IMEI', imei),
    hidden('Device id', deviceId),
    hidden('Model', model),
    hidden('User agent', userAgent),
    hidden('Connector', connector),
  ]
  return details.filter((fact) => fact !== undefined)
}

/** Where others read along, a card shows no more than what tells devices apart. */
const hidden = (label: string, value: string | undefined, tone?: Tone): Fact | undefined =>
  value === undefined ? undefined : { label, value, private: true, ...(tone && { tone }) }

/** What the caller could do now, with what the connector's account lacks for it. */
const actsOf = (view: DeviceView, context: Context) =>
  context.commands.flatMap(({ name, button, permission }) =>
    button?.offered(view, context) && context.rights.may(view.device, ...permission)
      ? [{ name, button, lack: context.connectors.lack(view.device.connector, name) }]
      : [],
  )

/** A button that is missing because of a right says so. */
const lacksOf = (view: DeviceView, context: Context): Fact[] =>
  actsOf(view, context).flatMap(({ button, lack }) => {
    const value = `Not possible: ${lack}`
    return lack === undefined ? [] : [{ label: button.title(view.device), value, tone: 'warning', private: true }]
  })

function buttonsOf(view: DeviceView, context: Context): Button[] {
  const { device, request } = view
  const v = versionOf(view)
  const acts = actsOf(view, context).flatMap(({ name, button, lack }): Button[] =>
    lack === undefined
      ? [
          {
            title: button.title(device),
            verb: name,
            data: { ref: device.guid, v },
            ...(button.style && { style: button.style }),
          },
        ]
      : [],
  )
  return request === undefined
    ? acts
    : [{ title: `Open ${request.id}`, verb: 'request', data: { id: request.id } }, ...acts]
}
