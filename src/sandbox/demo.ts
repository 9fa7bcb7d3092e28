import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { startSandboxTeams } from './teams/start.ts'

/** What the sandbox Exchange tells of its organizations. */
const OrganizationSchema = z.object({
  name: z.string(),
  kind: z.literal('online'),
  address: z.url(),
  authority: z.url(),
  tenant: z.string(),
  clientId: z.string(),
  secret: z.string(),
})

/** What of the app manifest the chat page suggests. */
const ManifestSchema = z.object({
  bots: z.tuple([
    z.object({
      commandLists: z.array(
        z.object({
          scopes: z.array(z.string()),
          commands: z.array(z.object({ title: z.string(), description: z.string() })),
        }),
      ),
    }),
  ]),
})
const manifest = new URL('../../manifest/manifest.json', import.meta.url)

/** The roles of the people in `.m365agentsplayground.yml`, in their order; the last has none. */
const roles = [
  ['Helpdesk Operator'],
  ['Wipe Approver'],
  ['Wipe Approver', 'Security Administrator'],
  ['Full Administrator'],
  [],
]

const peopleFile = fileURLToPath(new URL('../../.m365agentsplayground.yml', import.meta.url))

/**
 * Starts a small Exchange as a process of its own, unless one runs already at `exchange`, and a small Teams; writes the
 * credential of the connector into `folder`. What it returns makes a Device Desk that knows nothing of a demo use both.
 */
export async function startDemo(options: {
  folder: string
  port: number
  exchange?: string
  exchangePort?: number
  endpoint: () => string
  /** The clock of the small Teams. */
  now?: () => number
}) {
  const exchange =
    options.exchange === undefined ? await startExchange(options.exchangePort) : { url: options.exchange }
  const contoso = await organization(exchange.url)
  const { bots } = ManifestSchema.parse(JSON.parse(await readFile(manifest, 'utf8')))
  const [bot] = bots
  const teams = await startSandboxTeams({
    botEndpoint: options.endpoint,
    people: peopleFile,
    port: options.port,
    exchange: exchange.url,
    commandLists: bot.commandLists,
    ...(options.now && { now: options.now }),
  })
  const credentials = join(options.folder, 'credentials')
  await mkdir(credentials, { recursive: true, mode: 0o700 })
  const { address, authority, tenant, clientId, secret } = contoso
  const hosts = [new URL(address).host, new URL(authority).host]
  await writeFile(join(credentials, 'contoso.json'), JSON.stringify({ hosts, tenant, clientId, secret }), {
    mode: 0o600,
  })

  const { people } = teams.directory
  return {
    teams,
    /** Where to look: the chat page of the sandbox Teams. */
    url: teams.url,
    exchangeUrl: exchange.url,
    env: { ...teams.settings, CREDENTIALS_DIR: credentials },
    first: people.flatMap(({ aadObjectId: id, name }, position) =>
      (roles[position] ?? []).map((role) => ({ holder: { kind: 'person' as const, id, name }, role })),
    ),
    connector: { name: contoso.name, kind: contoso.kind, address, authority, tenant, credential: 'contoso' },
    /** Whom one may be at the tab, and the token that Entra ID would give to each. */
    pretend: {
      people: people.map(({ aadObjectId: id, name }) => ({ id, name })),
      async token(wanted: string): Promise<string> {
        const person = people.find(({ aadObjectId }) => aadObjectId === wanted)
        if (person === undefined) throw new Error(`nobody of the demo is ${wanted}`)
        return teams.personToken({ id: wanted, name: person.name, email: person.email })
      },
    },
    /** Puts the bot into everybody's personal chat, so that it can write to them before they wrote to it. */
    async install(): Promise<void> {
      for (const { id } of people) await teams.install(id, 'personal')
    },
    async close(): Promise<void> {
      await teams.close()
      if ('close' in exchange) await exchange.close()
    },
  }
}

/** The child ends with its parent, however that ends. */
async function startExchange(port = 0) {
  const script = fileURLToPath(new URL(`exchange/index${extname(import.meta.filename)}`, import.meta.url))
  const child = fork(script, {
    env: { ...process.env, SANDBOX_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const found = /https?:\/\/\S+/.exec(said)?.[0]
      if (found !== undefined) resolve(found)
    })
    ended.then(() => reject(new Error(`the sandbox Exchange did not start: ${said}`)), reject)
  })
  return {
    url,
    async close() {
      child.disconnect()
      await ended
    },
  }
}

async function organization(url: string): Promise<z.infer<typeof OrganizationSchema>> {
  const response = await fetch(new URL('/_sandbox/organizations', url))
  const all = z.array(z.looseObject({ name: z.string() })).parse(await response.json())
  return OrganizationSchema.parse(all.find(({ name }) => name === 'Contoso'))
}
