import type { TableFile } from '../cards/card.ts'
import { type Device, exemptionOf, nameOf, type Owner } from '../inventory/device.ts'
import { soldAs } from '../inventory/models.ts'
import type { WipeRequest } from '../requests/request.ts'
import { stateTexts, wipeTitle } from '../requests/texts.ts'
import type { Context } from './command.ts'
import { clientOf } from './explain.ts'

/** What a report hands out as a file, but for its name and where it is from. */
export type Table = Omit<TableFile, 'name' | 'from'>

const addressOf = ({ mail, upn, name }: Owner) => mail ?? upn ?? name

/** The devices that pass, with all that is asked of a fleet. */
export const devicesTable = (
  { inventory }: Context,
  visible: readonly string[],
  passes: (device: Device) => boolean,
): Table => ({
  columns: [
    'Device',
    'Owner',
    'Mailbox',
    'Model',
    'System',
    'Client',
    'Access',
    'Reason',
    'Rule',
    'Exemption',
    'Policy status',
    'First contact',
    'Last contact',
    'Device id',
    'Short id',
    'Connector',
  ],
  *rows() {
    for (const device of inventory.devices(visible)) {
      if (!passes(device)) continue
      const owner = inventory.owner(device)
      yield [
        nameOf(device, owner),
        owner.displayName,
        addressOf(owner),
        soldAs(device.model ?? device.type),
        device.os ?? '',
        clientOf(device),
        device.state,
        device.reason ?? '',
        device.rule ?? '',
        exemptionOf(device, owner),
        device.statistics?.policyStatus ?? '',
        device.firstSync ?? '',
        device.statistics?.lastSync ?? '',
        device.deviceId,
        inventory.shortId(device),
        device.connector,
      ]
    }
  },
})

/** Each device id that a mailbox always allows or blocks. */
export const exemptionsTable = ({ inventory }: Context, visible: readonly string[]): Table => ({
  columns: ['Owner', 'Mailbox', 'Exemption', 'Device id', 'Device', 'Connector'],
  *rows() {
    for (const owner of inventory.exempted(visible))
      for (const list of ['allowed', 'blocked'] as const)
        for (const id of owner[list] ?? []) {
          const device = inventory.devicesOf(owner).find(({ deviceId }) => deviceId.toLowerCase() === id.toLowerCase())
          const name = device === undefined ? 'no such device' : nameOf(device, owner)
          yield [owner.displayName, addressOf(owner), list, id, name, owner.connector]
        }
  },
})

export const wipesTable = (wipes: readonly WipeRequest[]): Table => ({
  columns: [
    'Request',
    'What',
    'Device',
    'Owners',
    'State',
    'Asked',
    'Asked by',
    'Reason',
    'Ticket',
    'Approved by',
    'Since',
    'Short id',
    'Connector',
  ],
  rows: () =>
    wipes.map(({ id, subject, status, asked, requester, reason, ticket = '', approvals }) => [
      id,
      wipeTitle(subject),
      subject.what,
      subject.owners.map(({ name }) => name).join('; '),
      stateTexts[status.state],
      asked,
      requester.name,
      reason,
      ticket,
      approvals.map(({ by }) => by.name).join('; '),
      'at' in status ? status.at : '',
      subject.shortId,
      subject.connector,
    ]),
})
