import { randomBytes } from 'node:crypto'
import { createActivities } from './activities.ts'
import { createBot } from './bot.ts'
import { createCalls } from './calls.ts'
import { createClient } from './client.ts'
import { createConnector } from './connector.ts'
import { createControl } from './control.ts'
import { readDirectory } from './directory.ts'
import type { Fault } from './faults.ts'
import { createFiles } from './files.ts'
import { listen } from './http.ts'
import { createIssuer } from './issuer.ts'
import { createMessages } from './messages.ts'
import { type CommandList, createPage } from './page.ts'
import { createPhones } from './phones.ts'

export interface Options {
  /** The bot's `POST /api/messages`; a function where it becomes known later. */
  readonly botEndpoint: string | (() => string)
  /** The file with people, group chat and team: `.m365agentsplayground.yml`. */
  readonly people: string
  readonly port?: number
  /** The bot's app id; without it, the one of the people's file. */
  readonly appId?: string
  readonly appPassword?: string
  /** What the page suggests when one types `/`: the `commandLists` of the app manifest. */
  readonly commandLists?: readonly CommandList[]
  /** The address of a sandbox Exchange: the page links to it and shows its phones. */
  readonly exchange?: string
  /** The clock of conversations and limits; tokens keep to the machine's, by which the bot judges them. */
  readonly now?: () => number
}

/** A small Teams on loopback, for the demo and for tests: token issuer, connector service, conversations, chat page. */
export const startSandboxTeams = async ({ botEndpoint, people, port = 0, now = Date.now, ...options }: Options) => {
  const { bot, ...others } = await readDirectory(people)
  const appId = options.appId ?? bot.id.slice('28:'.length)
  const directory = { ...others, bot: { ...bot, id: `28:${appId}` } }
  const server = await listen(port)
  const appPassword = options.appPassword ?? randomBytes(24).toString('base64url')
  const issuer = await createIssuer({ url: server.url, appId, appPassword, tenant: directory.tenant }, Date.now)
  const messages = createMessages(now)
  const calls = createCalls(issuer, now)
  const files = createFiles(server.url)
  const installed = new Set(directory.places.map(({ id }) => id))
  const { serviceUrl, token, badTokens, personToken, settings } = issuer
  const send = createBot(typeof botEndpoint === 'string' ? () => botEndpoint : botEndpoint, messages)
  const activities = createActivities(directory, serviceUrl, now)

  const client = createClient(
    {
      directory,
      messages,
      activities,
      files,
      installed,
      deliver: async (activity) => send(activity, await token()),
    },
    now,
  )
  const connector = createConnector({ directory, messages, serviceUrl, installed, operation: calls.operation })
  server.serve([
    ...issuer.routes,
    ...files.routes,
    ...connector,
    ...createControl(client, calls, send, token),
    ...createPage(directory, messages, { commandLists: options.commandLists ?? [], exchange: options.exchange }),
    ...createPhones(options.exchange),
  ])

  return {
    url: server.url,
    settings,
    directory,
    ...client,
    token,
    badTokens,
    personToken,

    /** Sends anything at all to the bot, with a good token, the given one, or none (`null`). */
    raw: async (activity: unknown, bearer?: string | null) =>
      send(activity, bearer === undefined ? await token() : bearer),

    /** Lets the bot's next calls of an operation fail. */
    fault: (fault: Fault) => calls.faults.add(fault),
    clearFaults: calls.faults.clear,

    /** Every call of the bot's to the connector service so far, oldest first. */
    calls: calls.list,

    /** Waits until `find` finds something, which is asked again with every change of a message. */
    async until<T>(find: () => T | undefined | false, milliseconds = 5000): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const look = () => {
        const found = find()
        if (found !== undefined && found !== false) resolve(found)
      }
      const stop = messages.listen(look)
      const timer = setTimeout(() => reject(new Error(`Nothing found in ${milliseconds} ms: ${find}`)), milliseconds)
      look()
      return promise.finally(() => {
        clearTimeout(timer)
        stop()
      })
    },

    close: server.close,
  }
}

export type SandboxTeams = Awaited<ReturnType<typeof startSandboxTeams>>
