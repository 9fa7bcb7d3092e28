import { startSandboxExchange } from '../../../src/sandbox/exchange/server.ts'

/** What a test reads of an answer. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape.
type Json = any

interface Asked {
  readonly anchor?: string | null
  readonly prefer?: string
  readonly select?: string
  readonly url?: string
  readonly token?: string
}

/** A sandbox with its control port, and a plain client of its REST door. */
export async function startClient(organization = 'Contoso', options: Parameters<typeof startSandboxExchange>[0] = {}) {
  const { url, close } = await startSandboxExchange(options)

  async function control(method: string, path: string, body?: unknown): Promise<Json> {
    const response = await fetch(`${url}/_sandbox/${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${response.status}: ${answer.error}`)
    return answer
  }

  const connection = async (name = organization) =>
    (await control('GET', 'organizations')).find((one: Json) => one.name === name)

  async function requestToken(fields: Record<string, string> = {}, tenant?: string) {
    const { clientId, secret, tenant: own } = await connection()
    const form = {
      grant_type: 'client_credentials',
      scope: 'https://outlook.office365.com/.default',
      client_id: clientId,
    }
    const body = new URLSearchParams({
      ...form,
      ...('client_assertion' in fields ? {} : { client_secret: secret }),
      ...fields,
    })
    return fetch(`${url}/${tenant ?? own}/oauth2/v2.0/token`, { method: 'POST', body })
  }

  let bearer: string | undefined
  let tenant = ''

  async function post(path: string, body: string, asked: Asked = {}) {
    if (bearer === undefined) {
      bearer = ((await (await requestToken()).json()) as Json).access_token
      tenant = (await connection()).tenant
    }
    const anchor =
      asked.anchor === undefined ? `APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@${tenant}` : asked.anchor
    const select = asked.select ? `?$select=${asked.select}` : ''
    return fetch(asked.url ?? `${url}/adminapi/beta/${tenant}/${path}${select}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${asked.token ?? bearer}`,
        'Content-Type': 'application/json',
        ...(anchor !== null && { 'X-AnchorMailbox': anchor }),
        ...(asked.prefer && { Prefer: asked.prefer }),
      },
      body,
    })
  }

  const envelope = (cmdlet: string, parameters: unknown = {}) =>
    JSON.stringify({ CmdletInput: { CmdletName: cmdlet, Parameters: parameters } })

  const send = (cmdlet: string, parameters: unknown = {}, asked: Asked = {}) =>
    post('InvokeCommand', envelope(cmdlet, parameters), asked)

  /** Status and JSON of one cmdlet. */
  async function invoke(
    cmdlet: string,
    parameters: unknown = {},
    asked: Asked = {},
  ): Promise<{ status: number; body: Json }> {
    const response = await send(cmdlet, parameters, asked)
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** All rows of a cmdlet that must succeed, without annotations. */
  async function rows(cmdlet: string, parameters: unknown = {}, asked: Asked = {}): Promise<Json[]> {
    const { status, body } = await invoke(cmdlet, parameters, asked)
    if (status !== 200 && status !== 204) throw new Error(`${status}: ${JSON.stringify(body)}`)
    const page = (body?.value ?? []).map((row: Json) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes('@'))),
    )
    const url = body?.['@odata.nextLink']
    return url ? [...page, ...(await rows(cmdlet, parameters, { ...asked, url }))] : page
  }

  const forget = () => {
    bearer = undefined
  }

  return { url, close, control, connection, requestToken, post, send, invoke, rows, envelope, forget }
}

export type Client = Awaited<ReturnType<typeof startClient>>

/** What Exchange says in an error, by the parts of `ErrorId|Exception|text`. */
export function errorOf(body: Json) {
  const { code, details, innererror } = body.error
  const [id, type, text] = details?.[0]?.message.split('|') ?? []
  return {
    code,
    id,
    type: type ?? innererror.internalexception.type,
    text: text ?? innererror.internalexception.message,
  }
}
