import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'

/** The configuration that Microsoft's Agents Playground 0.2.28 takes; it starts with no other. */
const named = z.strictObject({ id: z.string(), name: z.string() })
const user = named.extend({
  userPrincipleName: z.string(),
  aadObjectId: z.guid(),
  givenName: z.string(),
  surname: z.string(),
  email: z.string(),
})
const PlaygroundSchema = z.strictObject({
  version: z.literal('0.1.1'),
  tenantId: z.guid(),
  bot: named,
  currentUser: user,
  users: z.array(user).length(5),
  personalChat: z.strictObject({ id: z.string() }),
  groupChat: named,
  team: named.extend({ aadGroupId: z.guid(), channels: z.array(named).max(1) }),
})

describe('the file of the people', () => {
  it("is one that Microsoft's Agents Playground takes", async () => {
    PlaygroundSchema.parse(parse(await readFile('.m365agentsplayground.yml', 'utf8')))
  })
})
