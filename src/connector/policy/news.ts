import type { Event } from '../../events/event.ts'
import type { PolicyChange, PolicyLook, PolicyPreview } from './policies.ts'
import { settings } from './settings.ts'

const aboutOf = ({ connector }: PolicyLook) => ({
  subject: { of: 'connector' as const, connector },
  story: `policy ${connector}`,
  title: `Policy of ${connector}`,
  read: { verb: 'policy', data: { connector } },
})

/** What somebody does here, in words. */
export function sentenceOf({ wish, writes }: PolicyPreview, by: string): string {
  const written = settings.flatMap(({ group, name, kind }) => {
    const value = writes[name]
    return value === undefined ? [] : [`${group}.${name} is ${kind.show(value)} now`]
  })
  const group = 'group' in wish ? wish.group : ''
  const said = { set: 'configured it', clear: `gave ${group} back to Exchange`, undo: 'undid the last push' }
  const other = wish.kind === 'accept' ? `accepted what Exchange has of ${group}` : `took ${group} back`
  const did = wish.kind === 'accept' || wish.kind === 'take-back' ? other : said[wish.kind]
  return `${by} ${did}${written.length > 0 ? `: ${written.join(', ')}` : ''}.`
}

/** Somebody changed here what Exchange does. */
export const policyNews = (look: PolicyLook, { v, text }: PolicyChange): Event => ({
  ...aboutOf(look),
  key: `policy ${look.connector} v${v} ${text}`,
  kinds: ['policy'],
  at: look.at,
  text,
})

/** Somebody changed in Exchange what is configured here; the same again on another day is told again. */
export function driftNews(look: PolicyLook): Event {
  const differences = look.drift.map(
    ({ setting: { group, name, kind }, configured, shown }) =>
      `${group}.${name} is ${kind.show(shown)}, configured as ${kind.show(configured)}`,
  )
  const day = look.at.slice(0, 10)
  return {
    ...aboutOf(look),
    key: `drift ${look.connector} ${differences.join(' ')} ${day}`,
    kinds: ['drift'],
    at: look.at,
    story: `drift ${look.connector} ${day}`,
    title: `The policy of ${look.connector} was changed in Exchange`,
    text: `Not by Device Desk: ${differences.join('; ')}.`,
    tone: 'warning',
  }
}
