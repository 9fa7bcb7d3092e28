import { type Activity, CloudAdapter, ConfigurationBotFrameworkAuthentication, type TurnContext } from 'botbuilder'
import { AppCredentials } from 'botframework-connector'
import restify from 'restify'
import { type Options, type SandboxTeams, startSandboxTeams } from '../../../src/sandbox/teams/start.ts'

type Settings = SandboxTeams['settings']

/** Asks for a bot's token as Entra ID wants it. */
export const requestToken = (settings: Settings, fields: Record<string, string> = {}) =>
  fetch(`${settings.ToChannelFromBotLoginUrl}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: settings.MicrosoftAppId,
      client_secret: settings.MicrosoftAppPassword,
      scope: `${settings.ToChannelFromBotOAuthScope}/.default`,
      ...fields,
    }),
  })

export const fetchToken = async (settings: Settings) => {
  const { access_token } = (await (await requestToken(settings)).json()) as { access_token: string }
  return access_token
}

/** MSAL refuses http, and botbuilder keeps tokens for the whole process: neither suits a test. */
class LoopbackCredentials extends AppCredentials {
  readonly settings: Settings

  constructor(settings: Settings) {
    super(settings.MicrosoftAppId)
    this.settings = settings
  }

  override getToken() {
    return fetchToken(this.settings)
  }

  protected override refreshToken(): never {
    throw new Error('getToken asks for itself.')
  }
}

/** botbuilder prints the stack of every token that it refuses and of every error of a turn. */
export const quietly = async <T>(work: () => Promise<T>): Promise<T> => {
  const { error, log } = console
  console.error = console.log = () => {}
  try {
    return await work()
  } finally {
    Object.assign(console, { error, log })
  }
}

const authenticate = (settings: Settings) =>
  new ConfigurationBotFrameworkAuthentication(settings, {
    isValidAppId: async (appId) => appId === settings.MicrosoftAppId,
    isAuthenticationDisabled: async () => false,
    createCredentials: async () => new LoopbackCredentials(settings),
  })

export type Turn = (context: TurnContext) => Promise<unknown>

/** The sandbox Teams with a bot made of botbuilder; `turn` hears every activity, and what it returns answers an invoke. */
export const startTeamsWithBot = async (turn: Turn, options: Partial<Options> = {}) => {
  const server = restify.createServer()
  server.use(restify.plugins.bodyParser())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const teams = await startSandboxTeams({
    botEndpoint: `${server.url}/api/messages`,
    people: '.m365agentsplayground.yml',
    ...options,
  })
  const adapter = new CloudAdapter(authenticate(teams.settings))
  const heard: Activity[] = []
  server.post('/api/messages', async (request, response) => {
    const process = adapter.process(request, response, async (context) => {
      heard.push(context.activity)
      const body = await turn(context)
      if (context.activity.type !== 'invoke') return
      await context.sendActivity({ type: 'invokeResponse', value: { status: 200, body } })
    })
    await process.catch(() => response.send(500))
  })
  return {
    teams,
    adapter,
    /** The activities that passed the bot's checks. */
    heard,
    async close() {
      await teams.close()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Calls the connector service as the bot, and reads what it answered. */
export const createCaller = async (teams: SandboxTeams) => {
  const token = await fetchToken(teams.settings)
  return async (method: string, path: string, body?: unknown, bearer = token) => {
    const response = await fetch(`${teams.url}/v3/${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const parsed = (text && JSON.parse(text)) as Record<string, unknown>
    const error = parsed && (parsed.error as { code: string } | undefined)
    return { status: response.status, body: parsed, code: error?.code, retryAfter: response.headers.get('retry-after') }
  }
}
