import { z } from 'zod'
import type { ChoiceRow, Fact } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { type Owner, userOf } from '../inventory/device.ts'
import { type Context, defineCommand } from './command.ts'
import { heldDevices } from './ignored.ts'
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
          rows: people.slice(0, 10).map((one) => personOf(one, context)),
          verb: 'user',
        },
      }
    const held = new Set((await heldDevices(context)).map(({ guid }) => guid))
    const all = inventory.devicesOf(owner).filter((device) => rights.may(device, 'Collection.ReadResource'))
    const devices = all.filter((device) => held.has(device.guid) || !inventory.isIgnored(device))
    const ignored = all.length - devices.length
    const count = devices.length === 1 ? '1 device' : `${devices.length} devices`
    return {
      template: 'user',
      data: {
        title: owner.displayName,
        text:
          ignored === 0 ? count : `${count}, and ${ignored} ignored since silent for long; “find stale:1” shows them`,
        times: [],
        facts: factsOf(owner),
        rows: devices.slice(0, 10).map((device) => rowOf(device, context)),
        verb: 'device',
      },
    }
  },
})

/** Where others read along, people are told apart by what stands in the names of their devices. */
function personOf(owner: Owner, { scope }: Context): ChoiceRow {
  const address = scope === 'personal' ? (owner.mail ?? owner.upn) : undefined
  const text = address ?? userOf(owner)
  return { press: { text }, name: owner.displayName, detail: text }
}

/** What the helpdesk asks of a person's mailbox; all of it is private. */
function factsOf(owner: Owner): Fact[] {
  const facts: Omit<Fact, 'private'>[] = [
    { label: 'Mailbox', value: [owner.mail ?? owner.upn ?? owner.name, owner.kind].filter(Boolean).join(' · ') },
    { label: 'Account', ...(owner.accountDisabled ? { value: 'Disabled', tone: 'warning' } : { value: 'Enabled' }) },
    { label: 'ActiveSync', ...onOff(owner.activeSync) },
    { label: 'Outlook mobile', ...onOff(owner.outlookMobile) },
    { label: 'Policy', value: owner.policy ?? "The organization's default" },
    ...exemptions('Always allowed', owner.allowed),
    ...exemptions('Always blocked', owner.blocked),
    { label: 'Connector', value: owner.connector },
  ]
  return facts.map((fact) => ({ ...fact, private: true }))
}

const onOff = (value: boolean | undefined): Pick<Fact, 'value' | 'tone'> =>
  value === false ? { value: 'Off', tone: 'warning' } : { value: value ? 'On' : 'Not known' }

const exemptions = (label: string, ids: readonly string[] = []) =>
  ids.length === 0 ? [] : [{ label, value: ids.join(', ') }]
