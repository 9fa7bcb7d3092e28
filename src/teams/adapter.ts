import { ActivityTypes, CloudAdapter, ConfigurationBotFrameworkAuthentication, type TurnContext } from 'botbuilder'
import { ClaimsIdentity } from 'botframework-connector'

/** What an invoke is answered with: an HTTP status and a body. */
export interface InvokeAnswer {
  readonly status: number
  readonly body?: unknown
}

/**
 * botbuilder's CloudAdapter behind a plain function: the activity of a sender whom the gate has proven in, the status and body
 * of the HTTP answer out. The gate stands in for botbuilder's own, weaker check, and the sender for its client.
 */
export async function createAdapter() {
  const authentication = new ConfigurationBotFrameworkAuthentication({})
  const proven = new ClaimsIdentity([], true)
  // botbuilder makes two clients for every turn, which takes longer than the turn itself; ours are never called.
  const client = await authentication.createConnectorFactory(proven).create('https://localhost', '')
  const users = await authentication.createUserTokenClient(proven)
  authentication.createUserTokenClient = async () => users
  authentication.authenticateRequest = async () => ({
    audience: '',
    callerId: '',
    claimsIdentity: proven,
    connectorFactory: { create: async () => client },
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
