import { z } from 'zod'
import { readVersion, type Version } from '../version.ts'
import { flag, list, text } from './rows.ts'

/** A server of an on-premises organization. */
export interface SeenServer {
  readonly name: string
  readonly host: string
  readonly version: Version | undefined
  readonly takesClients: boolean
  /** The organization's part of its distinguished name, or else the domain that it stands in. */
  readonly organization: string | undefined
}

/** Get-ExchangeServer. The front end of Exchange 2016 and later stands on every mailbox server. */
export const ServerRowSchema = z
  .object({
    Name: z.string(),
    Fqdn: text,
    AdminDisplayVersion: text,
    DistinguishedName: text,
    IsClientAccessServer: flag.catch(undefined),
    IsMailboxServer: flag.catch(undefined),
  })
  .transform((row): SeenServer => {
    const host = (row.Fqdn ?? row.Name).toLowerCase()
    return {
      name: row.Name,
      host,
      version: readVersion(row.AdminDisplayVersion ?? ''),
      takesClients: row.IsClientAccessServer === true || row.IsMailboxServer === true,
      organization: organizationOf(row.DistinguishedName ?? '') ?? /\.(.+)/.exec(host)?.[1],
    }
  })

/** Servers stand below `CN=<organization>,CN=Microsoft Exchange,CN=Services,CN=Configuration,<forest>`. */
const organizationOf = (distinguishedName: string) =>
  /(?<=^|,)CN=(?:[^,\\]|\\.)+,CN=Microsoft Exchange,CN=Services,CN=Configuration,.+$/i
    .exec(distinguishedName)?.[0]
    .toLowerCase()

/** Get-OrganizationConfig of Exchange Online. */
export const OrganizationRowSchema = z
  .object({ AdminDisplayVersion: text })
  .transform((row) => ({ version: readVersion(row.AdminDisplayVersion ?? '') }))

/** Get-Command: one cmdlet, with its parameters as a list of names or as a table by name; all in lower case. */
export const CommandRowSchema = z
  .object({ Name: z.string(), Parameters: z.union([list, z.record(z.string(), z.unknown())]).optional() })
  .transform(({ Name, Parameters }) => {
    const names = Array.isArray(Parameters) ? Parameters : Object.keys(Parameters ?? {})
    const parameters = names.length > 0 ? new Set(names.map((name) => name.toLowerCase())) : undefined
    return { name: Name.toLowerCase(), parameters }
  })
