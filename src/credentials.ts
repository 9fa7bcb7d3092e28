import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isLoopback } from './config.ts'
import { BotError } from './errors.ts'
import { IdentitySchema } from './tokens.ts'

const hosts = z.array(z.string().min(1)).min(1)

/** A credential as the administrator wrote it down, with the hosts that it may be sent to. */
const CredentialSchema = z.union([
  z.object({ hosts, user: z.string().min(1), password: z.string().min(1) }),
  z.object({ hosts, tenant: z.string().optional() }).and(IdentitySchema),
])

export type Credential = z.infer<typeof CredentialSchema>

/** Reads `<folder>/<name>.json`. Throws CREDENTIAL_UNUSABLE, which names the file's problem and nothing of its content. */
export async function readCredential(folder: string, name: string): Promise<Credential> {
  const refuse = (problem: string, cause?: unknown) =>
    new BotError('CREDENTIAL_UNUSABLE', `${name}: ${problem}`, { cause })
  if (!/^[\w-]{1,64}$/.test(name)) throw refuse('its name may hold letters, digits, - and _ only')
  const file = join(folder, `${name}.json`)
  const about = await stat(file).catch((cause) => {
    throw refuse('there is no such file in CREDENTIALS_DIR', cause)
  })
  if (process.platform !== 'win32' && (about.mode & 0o077) !== 0)
    throw refuse('others than its owner may read the file; run chmod 600 on it')
  try {
    return CredentialSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    throw refuse(
      'it is not one of {hosts, user, password}, {hosts, tenant, clientId, secret | certificateFile}, {hosts, managedIdentity}',
    )
  }
}

/** A credential goes to the hosts that it names and to those below them, encrypted or within this machine, and nowhere else. */
export function assertHost({ hosts }: Credential, address: URL, name: string): void {
  const refuse = (why: string) =>
    new BotError('CREDENTIAL_UNUSABLE', `${name} may not be sent to ${address.host}; ${why}`)
  const listed = hosts.some(
    (host) => host === address.host || host === address.hostname || address.hostname.endsWith(`.${host}`),
  )
  if (!listed) throw refuse('its hosts do not name it')
  if (address.protocol !== 'https:' && !isLoopback(address)) throw refuse('the address must begin with https')
}
