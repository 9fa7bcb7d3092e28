/** The smallest bot that botbuilder can make, as Microsoft's echo sample has it, on the same web server and against the same Teams. */

import {
  ActivityHandler,
  CloudAdapter,
  ConfigurationBotFrameworkAuthentication,
  type InvokeResponse,
  type TurnContext,
} from 'botbuilder'
import { AppCredentials, ServiceClientCredentialsFactory } from 'botframework-connector'
import restify from 'restify'

/** MSAL takes no issuer on this machine, so a token stands ready. */
class ReadyCredentials extends AppCredentials {
  protected override async refreshToken() {
    return { accessToken: 'of the bot', expiresOn: new Date(Date.now() + 3_600_000) }
  }
}

class ReadyFactory extends ServiceClientCredentialsFactory {
  isValidAppId = async () => true
  isAuthenticationDisabled = async () => false
  createCredentials = async (app: string, scope: string | undefined) => new ReadyCredentials(app, undefined, scope)
}

class EchoBot extends ActivityHandler {
  constructor() {
    super()
    this.onMessage(async (context, next) => {
      await context.sendActivity(`Echo: ${context.activity.text}`)
      await next()
    })
  }
  protected override async onInvokeActivity({ activity }: TurnContext): Promise<InvokeResponse> {
    return {
      status: 200,
      body: { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: activity.value },
    }
  }
}

const bot = new EchoBot()
const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication({ ...process.env }, new ReadyFactory()))
const server = restify.createServer()
server.use(restify.plugins.bodyParser())
server.post('/api/messages', async (request, response) => {
  await adapter.process(request, response, (context) => bot.run(context))
})
server.get('/metrics', async (_, response) =>
  response.end(`process_resident_memory_bytes ${process.memoryUsage.rss()}`),
)
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
