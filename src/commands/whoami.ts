import { z } from 'zod'
import type { Access } from '../access/access.ts'
import type { Grant, Standing } from '../access/rights.ts'
import type { Moment } from '../cards/card.ts'
import { defineCommand } from './command.ts'

export const whoami = defineCommand({
  name: 'whoami',
  usage: '',
  summary: 'Shows which roles you have, where, and what they allow.',
  example: 'whoami',
  permission: [],
  scopes: ['personal', 'groupChat', 'channel'],
  changes: false,
  args: z.object({}),
  async run(_, { caller, rights, access }) {
    const facts = rights.grants.map(({ role, collection, group, permissions }) => ({
      label: role,
      value: `on ${collection}${group === undefined ? '' : `, through the group ${group}`}: ${permissions.map(({ permission }) => permission).join(', ')}`,
    }))
    const resting = rights.grants.flatMap((grant) => restOf(grant, access))
    const text = [
      facts.length === 0 ? 'You have no role in Device Desk.' : `You are ${caller.name}. Your roles:`,
      standingTexts[rights.standing] ?? '',
      resting.length > 0 ? 'New rights to approve rest first, until the time below.' : '',
    ]
    return {
      template: 'facts',
      data: { title: 'Who you are here', text: text.filter(Boolean).join(' '), facts, times: resting },
    }
  },
})

const standingTexts: Partial<Record<Standing['kind'], string>> = {
  unreachable: 'Microsoft Graph cannot be asked, so groups give no rights at present.',
  disabled: 'Your account is disabled in Entra ID, so your roles give you nothing.',
  guest: 'You are a guest of this organization, and guests hold no roles.',
}

/** What lets somebody approve. */
const deciding: readonly string[] = ['Collection.DeleteResource', 'Security.Modify']

/** When a role that is new begins to count for approving. */
function restOf({ role, collection, permissions }: Grant, { restsUntil }: Pick<Access, 'restsUntil'>): Moment[] {
  const until = permissions
    .filter(({ permission }) => deciding.includes(permission))
    .flatMap(({ since }) => restsUntil(since) ?? [])
    .sort((a, b) => b.getTime() - a.getTime())[0]
  return until === undefined ? [] : [{ label: `${role} on ${collection} approves from`, at: until.toISOString() }]
}
