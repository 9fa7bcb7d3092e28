import { z } from 'zod'
import type { Button, Fact, Reply } from '../cards/card.ts'
import { type Context, defineCommand, Reason } from './command.ts'
import { askedReply } from './requestCard.ts'

async function brakeReply({ requests, rights, settings }: Context): Promise<Reply> {
  const { pulled, places } = await requests.brake()
  const facts: Fact[] = [
    { label: 'Wipes counted', value: `${places.length} in the last day` },
    {
      label: 'Limits',
      value: `${settings.BRAKE.requester} per requester, ${settings.BRAKE.approver} per approver and ${settings.BRAKE.site} per site in an hour; ${settings.BRAKE.day} per site in a day`,
    },
    ...(pulled ? [{ label: 'Pulled by', value: `${pulled.by?.name ?? 'the limits'}: ${pulled.why}` }] : []),
  ]
  const pull: Button[] =
    pulled || !rights.holds('Collection.ModifyResource', 'Collection.DeleteResource')
      ? []
      : [{ title: 'Pull the brake', verb: 'brake pull', data: {}, style: 'destructive' }]
  const release: Button[] =
    pulled && rights.holds('Security.Modify') ? [{ title: 'Ask for release', verb: 'brake release', data: {} }] : []
  return {
    template: 'facts',
    about: { verb: 'brake', data: {} },
    data: {
      title: pulled ? 'The brake is pulled: no wipe runs' : 'The brake is free',
      text: pulled
        ? 'Two Security Administrators who had no part in the wipes it counted release it.'
        : 'It is pulled by itself when too many wipes run, and by anybody who suspects something.',
      facts,
      times: pulled ? [{ label: 'Pulled', at: pulled.at }] : [],
    },
    buttons: [...pull, ...release],
  }
}

export const brake = defineCommand({
  name: 'brake',
  usage: '',
  summary: 'Shows the limit on wipes, and whether it stops them.',
  example: 'brake',
  permission: ['Collection.ReadResource'],
  scopes: [],
  changes: false,
  args: z.object({}),
  run: (_, context) => brakeReply(context),
})

export const brakePull = defineCommand({
  name: 'brake pull',
  usage: '<reason>',
  summary: 'Stops all wipes at once, until two Security Administrators release the brake.',
  example: 'brake pull somebody wipes phones they should not',
  called: () => 'Pull the brake',
  permission: ['Collection.DeleteResource', 'Collection.ModifyResource'],
  scopes: [],
  changes: true,
  args: z.object({ reason: Reason }),
  async run({ reason }, context) {
    await context.requests.pull(context.caller, reason)
    return brakeReply(context)
  },
})

export const brakeRelease = defineCommand({
  name: 'brake release',
  usage: '',
  summary: 'Asks to release the brake; another Security Administrator must approve it.',
  example: 'brake release',
  permission: ['Security.Modify'],
  scopes: [],
  changes: true,
  args: z.object({}),
  run: async (_, context) => askedReply(await context.requests.askRelease(context.caller), context),
})
