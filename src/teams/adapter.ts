import { ActivityTypes, CloudAdapter, type TurnContext } from 'botbuilder'
import {
  AuthenticationConfiguration,
  BotFrameworkAuthenticationFactory,
  ClaimsIdentity,
  ServiceClientCredentialsFactory,
} from 'botframework-connector'
import type { Settings } from '../config.ts'
import type { Tokens } from '../tokens.ts'
import { cloudOf } from './identity.ts'

/** What an invoke is answered with: an HTTP status and a body. */
export interface InvokeAnswer {
  readonly status: number
  readonly body?: unknown
}

/** The bot's own credentials for botbuilder: one token for all turns, from wherever the settings say. */
export class BotCredentials extends ServiceClientCredentialsFactory {
  readonly #appId: string
  readonly #tokens: Tokens

  constructor(appId: string, tokens: Tokens) {
    super()
    this.#appId = appId
    this.#tokens = tokens
  }

  override async isValidAppId(appId: string) {
    return appId === this.#appId
  }

  override async isAuthenticationDisabled() {
    return false
  }

  override async createCredentials(): ReturnType<ServiceClientCredentialsFactory['createCredentials']> {
    return {
      signRequest: async (request) => {
        request.headers.set('authorization', `Bearer ${await this.#tokens()}`)
        return request
      },
    }
  }
}

/**
 * botbuilder's CloudAdapter behind a plain function: the activity of a sender whom the gate has proven in, the status and body
 * of the HTTP answer out. The gate stands in for botbuilder's own, weaker check.
 */
export function createAdapter(settings: Settings, credentials: BotCredentials) {
  const { login, scope, issuer, oAuth, metadata, emulatorMetadata, callerId } = cloudOf(settings)
  const authentication = BotFrameworkAuthenticationFactory.create(
    '',
    true,
    login,
    scope,
    issuer,
    oAuth,
    metadata,
    emulatorMetadata,
    callerId,
    credentials,
    new AuthenticationConfiguration(),
  )
  const proven = new ClaimsIdentity([{ type: 'aud', value: settings.MicrosoftAppId ?? '' }], true)
  authentication.authenticateRequest = async () => ({
    audience: scope,
    callerId,
    claimsIdentity: proven,
    connectorFactory: authentication.createConnectorFactory(proven),
  })
  const adapter = new CloudAdapter(authentication)
  adapter.onTurnError = async (_, error) => {
    throw error
  }

  return async function receive(
    body: Record<string, unknown>,
    turn: () => Promise<InvokeAnswer | undefined>,
  ): Promise<InvokeAnswer> {
    let status = 200
    let sent: unknown
    const response = {
      socket: undefined,
      header: () => undefined,
      status: (code: number) => {
        status = code
      },
      send: (content: unknown) => {
        sent = content
      },
      end: () => undefined,
    }
    await adapter.process({ body, headers: {}, method: 'POST' }, response, async (context: TurnContext) => {
      const answer = await turn()
      if (answer !== undefined) await context.sendActivity({ type: ActivityTypes.InvokeResponse, value: answer })
    })
    return { status, body: sent }
  }
}
