import { z } from 'zod'
import type { Button, Fact, Reply } from '../cards/card.ts'
import { BotError } from '../errors.ts'
import { isCounted } from '../requests/brake.ts'
import { type Context, defineCommand, Reason } from './command.ts'
import { requestReply } from './requestCard.ts'

/** Where nobody else could release it, its one holder waits so long after it was pulled, in milliseconds. */
const aloneAfter = 60 * 60_000

async function brakeReply({ requests, rights, settings }: Context): Promise<Reply> {
  const { pulled, places } = await requests.brakes.read()
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
  permission: ['Collection.DeleteResource', 'Collection.ModifyResource'],
  scopes: [],
  changes: true,
  args: z.object({ reason: Reason }),
  async run({ reason }, context) {
    const { tenant, id, name } = context.caller
    await context.requests.brakes.pull({ tenant, id, name }, reason)
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
  async run(_, context) {
    const { requests, access, caller, now } = context
    const state = await requests.brakes.read()
    if (state.pulled === undefined)
      throw new BotError('REQUEST_REFUSED', 'The brake is not pulled, so there is nothing to release.')
    if (isCounted(state, caller.id))
      throw new BotError(
        'REQUEST_REFUSED',
        'You asked for or approved a wipe that the brake counted, so somebody else must release it.',
      )
    if (await access.hasTwoHolders()) return requestReply(await requests.askRelease(caller), context)
    if (now().getTime() - Date.parse(state.pulled.at) < aloneAfter)
      throw new BotError(
        'REQUEST_REFUSED',
        'You are the only Security Administrator, so you can release the brake an hour after it was pulled.',
      )
    await requests.brakes.release()
    return brakeReply(context)
  },
})
