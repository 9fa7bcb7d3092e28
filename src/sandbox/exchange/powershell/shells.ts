import { randomUUID } from 'node:crypto'
import { faults } from '../../../connector/onprem/wsman.ts'
import type { Organization } from '../model.ts'
import type { Sandbox } from '../sandbox.ts'
import { createSession, type Session } from './session.ts'
import { Fault } from './soap.ts'

/** PowerShellMaxConcurrency of the default throttling policy (New-ThrottlingPolicy). */
const maxShells = 18

export interface Shell {
  readonly id: string
  readonly organization: Organization
  readonly session: Session
  /** By which the front end finds the shell's server again. */
  readonly cookie: string
  readonly idleSeconds: number
  usedAt: number
  /** Exchange refuses whoever opens too many, but only when they come for the first answer. */
  readonly refusal: string | undefined
  readonly gone: AbortController
}

export type Shells = ReturnType<typeof createShells>

const prefix = (category: string) =>
  `[ClientAccessServer=EX1,BackEndServer=ex1,RequestId=${randomUUID()},TimeStamp=${new Date().toISOString()}] [AuthZRequestId=${randomUUID()}][FailureCategory=${category}] `

export const notFound = () =>
  new Fault(
    Number(faults.notFound),
    'w:InvalidSelectors',
    `${prefix('WSMan-InvalidShellID')}The request for the Windows Remote Shell failed because the shell was not found on the server.`,
  )

const tooMany = () =>
  `${prefix('AuthZ-AuthorizationException')}Fail to create a runspace because you have exceeded the maximum number of connections allowed : ${maxShells} for the policy party : MaxConcurrency. Please close existing runspace and try again.`

/** The remote shells of all organizations. */
export function createShells(sandbox: Sandbox) {
  const shells = new Map<string, Shell>()

  function remove(shell: Shell) {
    shells.delete(shell.id)
    for (const running of shell.session.commands.values()) shell.session.stop(running)
    shell.gone.abort()
  }

  function removeExpired() {
    const now = sandbox.now()
    for (const shell of shells.values()) if (now - shell.usedAt > shell.idleSeconds * 1000) remove(shell)
  }

  return {
    remove,

    create(organization: Organization, id: string, idleSeconds: number, creation: Buffer): Shell {
      removeExpired()
      const own = [...shells.values()].filter((shell) => shell.organization === organization)
      const shell: Shell = {
        id: id.toUpperCase(),
        organization,
        session: createSession(sandbox, organization),
        cookie: `X-BackEndCookie=${randomUUID()}`,
        idleSeconds,
        usedAt: sandbox.now(),
        refusal: own.length < maxShells ? undefined : tooMany(),
        gone: new AbortController(),
      }
      shell.session.open(creation)
      shells.set(shell.id, shell)
      return shell
    },

    /** A shell of this account; `cookie` must lead to its server, unless none is needed. */
    find(organization: Organization, id: string, cookie: string | undefined): Shell {
      removeExpired()
      const shell = shells.get(id.toUpperCase())
      if (shell?.organization !== organization) throw notFound()
      if (cookie !== undefined && !cookie.includes(shell.cookie)) throw notFound()
      shell.usedAt = sandbox.now()
      return shell
    },

    list: () =>
      [...shells.values()].map(({ id, organization, session }) => ({
        id,
        organization: organization.name,
        commands: session.commands.size,
      })),
  }
}
