import type { Event } from '../../events/event.ts'
import type { AccessStep } from './rule.ts'
import type { AccessPreview, KnownAccess } from './rules.ts'

/** Somebody changed here by what Exchange decides about devices. */
export const rulesNews = (
  { connector, access, steps, digest }: AccessPreview,
  { at }: KnownAccess,
  by: string,
): Event => ({
  key: `rules ${connector} ${digest} ${at}`,
  kinds: ['rules'],
  at,
  subject: { of: 'connector', connector },
  story: `rules ${connector}`,
  title: `Access rules of ${connector}`,
  text: `${by} ${steps.map((step) => sentenceOf(step, access.rules)).join(', then ')}.`,
  read: { verb: 'rules', data: { connector } },
})

function sentenceOf(step: AccessStep, rules: AccessPreview['access']['rules']): string {
  if (step.do === 'default') return `set the default access level to ${step.level}`
  if (step.do === 'add') return `added the rule ${step.level} ${step.query}(${step.characteristic})`
  const name = rules.find(({ guid }) => guid === step.guid)?.name ?? step.guid
  return step.do === 'set' ? `changed the rule ${name} to ${step.level}` : `removed the rule ${name}`
}
