import { z } from 'zod'
import type { Person } from '../audit/person.ts'
import { isBotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { Directory } from './directory.ts'
import type { Standing } from './rights.ts'

const MembershipSchema = z.object({ groups: z.array(z.object({ id: z.string(), since: z.iso.datetime() })) })

/** How long Graph's answer is believed, and how long it is left alone when it gave none, in milliseconds. */
const believed = 5 * 60_000
const leftAlone = 10_000

/**
 * Who is a member of the tenant and in which groups, by Microsoft Graph. When somebody came into a group is not for Graph to
 * say, so what counts is when they were first seen in it.
 */
export async function createStandings({
  store,
  directory,
  groupsWithRoles,
  now,
}: {
  store: Store
  directory: Directory | undefined
  /** Object ids of the groups that hold any role. */
  groupsWithRoles: () => Promise<readonly string[]>
  now: () => Date
}) {
  const seen = await store.open({ name: 'memberships', schema: MembershipSchema, version: 1 })
  const kept = new Map<string, { readonly until: number; readonly standing: Promise<Standing> }>()

  async function ask({ id }: Person, graph: Directory): Promise<Standing> {
    const [account, groups] = await Promise.all([graph.account(id), graph.groupsOf(id, await groupsWithRoles())])
    if (account === undefined) return { kind: 'stranger' }
    if (!account.enabled) return { kind: 'disabled' }
    if (account.guest) return { kind: 'guest' }
    const at = now().toISOString()
    const known = await seen.update(id, (old) => {
      const before = old?.groups ?? []
      const same = before.length === groups.length && before.every((one) => groups.includes(one.id))
      return same
        ? old
        : { groups: groups.map((one) => before.find((group) => group.id === one) ?? { id: one, since: at }) }
    })
    return { kind: 'member', addresses: account.addresses, groups: known?.groups ?? [] }
  }

  function keep(person: Person, standing: Promise<Standing>): Promise<Standing> {
    const entry = { until: now().getTime() + believed, standing }
    kept.set(person.id, entry)
    standing.catch(() => {
      if (kept.get(person.id) === entry)
        kept.set(person.id, { until: now().getTime() + leftAlone, standing: Promise.resolve({ kind: 'unreachable' }) })
    })
    return standing
  }

  /** As it is now, or was up to five minutes ago; `fresh` asks Graph anew and throws DIRECTORY_UNREACHABLE. */
  return async function standingOf(person: Person, { fresh }: { fresh: boolean }): Promise<Standing> {
    if (directory === undefined) return { kind: 'notAsked' }
    if (fresh) return keep(person, ask(person, directory))
    const known = kept.get(person.id)
    const standing =
      known !== undefined && known.until > now().getTime() ? known.standing : keep(person, ask(person, directory))
    return standing.catch((error): Standing => {
      if (isBotError(error, 'DIRECTORY_UNREACHABLE')) return { kind: 'unreachable' }
      throw error
    })
  }
}
