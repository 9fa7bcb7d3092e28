import { ActivityTypes, CloudAdapter, type TurnContext } from 'botbuilder'
import {
  AuthenticationConfiguration,
  AuthenticationError,
  BotFrameworkAuthenticationFactory,
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
  readonly #unsigned: boolean

  constructor(appId: string, tokens: Tokens, unsigned: boolean) {
    super()
    this.#appId = appId
    this.#tokens = tokens
    this.#unsigned = unsigned
  }

  override async isValidAppId(appId: string) {
    return appId === this.#appId
  }

  override async isAuthenticationDisabled() {
    return this.#unsigned
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
 * botbuilder's CloudAdapter behind a plain function: an activity in, the status and body of the HTTP answer out. `unsigned`
 * switches its own token check off, for the demo that also takes activities without one; the gate stands before it.
 */
export function createAdapter(settings: Settings, credentials: BotCredentials) {
  const cloud = cloudOf(settings)
  const strict = new AuthenticationConfiguration([], async (claims) => {
    const issuer = claims.find(({ type }) => type === 'iss')?.value
    if (issuer !== undefined && issuer !== cloud.issuer) throw new AuthenticationError('not the pinned issuer', 401)
  })
  const adapter = new CloudAdapter(
    BotFrameworkAuthenticationFactory.create(
      '',
      true,
      cloud.login,
      cloud.scope,
      cloud.issuer,
      cloud.oAuth,
      cloud.metadata,
      cloud.emulatorMetadata,
      cloud.callerId,
      credentials,
      strict,
    ),
  )
  adapter.onTurnError = async (_, error) => {
    throw error
  }

  return async function receive(
    authorization: string,
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
    await adapter.process(
      { body, headers: { authorization }, method: 'POST' },
      response,
      async (context: TurnContext) => {
        const answer = await turn()
        if (answer !== undefined) await context.sendActivity({ type: ActivityTypes.InvokeResponse, value: answer })
      },
    )
    return { status, body: sent }
  }
}
