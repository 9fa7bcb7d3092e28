import { z } from 'zod'
import type { Fact } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import type { Owner } from '../inventory/device.ts'
import { defineCommand } from './command.ts'
import { rowOf } from './replies.ts'

export const user = defineCommand({
  name: 'user',
  usage: '<text>',
  summary: 'Shows a person: the mailbox, what it may connect with, its policy, its exemptions and all its devices.',
  example: 'user adele@contoso.com',
  permission: ['Collection.ReadResource'],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({ text: z.string().trim().min(1).max(200).meta({ title: 'Name' }) }),
  async run({ text }, context) {
    const { inventory, rights } = context
    const visible = rights.reach('Collection.ReadResource')
    const people = inventory.people(text, visible)
    const [owner] = people
    if (owner === undefined) throw new BotError('PERSON_UNKNOWN', text)
    if (people.length > 1)
      return {
        template: 'choose',
        data: {
          title: 'Who is meant?',
          text: `${people.length} people match; choose one.`,
          rows: people.slice(0, 10).map(personOf),
          verb: 'user',
        },
      }
    const devices = inventory.devicesOf(owner).filter((device) => rights.may(device, 'Collection.ReadResource'))
    return {
      template: 'user',
      data: {
        title: owner.displayName,
        text: devices.length === 1 ? '1 device' : `${devices.length} devices`,
        facts: factsOf(owner),
        rows: devices.slice(0, 10).map((device) => rowOf(device, context)),
        verb: 'device',
      },
    }
  },
})

const personOf = (owner: Owner) => ({
  press: { text: owner.mail ?? owner.upn ?? owner.mailbox },
  name: owner.displayName,
  detail: owner.mail ?? owner.upn ?? '',
})

const onOff = (value: boolean | undefined) => (value === undefined ? 'not known' : value ? 'on' : 'off')

/** What the helpdesk asks of a person's mailbox; all of it is private. */
function factsOf(owner: Owner): Fact[] {
  const ids = (list: readonly string[] = []) => (list.length === 0 ? 'none' : list.join(', '))
  return [
    { label: 'Mailbox', value: [owner.mail ?? owner.upn ?? owner.name, owner.kind].filter(Boolean).join(' · ') },
    { label: 'Account', value: owner.accountDisabled === true ? 'disabled' : 'enabled' },
    { label: 'ActiveSync', value: onOff(owner.activeSync) },
    { label: 'Outlook mobile', value: onOff(owner.outlookMobile) },
    { label: 'Policy', value: owner.policy ?? "the organization's default" },
    { label: 'Allowed device ids', value: ids(owner.allowed) },
    { label: 'Blocked device ids', value: ids(owner.blocked) },
    { label: 'Connector', value: owner.connector },
  ].map((fact) => ({ ...fact, private: true }))
}
