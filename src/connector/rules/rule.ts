import { z } from 'zod'
import type { Device } from '../../inventory/device.ts'
import { guid } from '../cmdlets/rows.ts'

/** What Exchange can do with a device. */
export const levels = ['Allow', 'Block', 'Quarantine'] as const
export type Level = (typeof levels)[number]

/** What a rule can look at, by the words for it in chat; Exchange has one more, which no device shows. */
export const characteristics = {
  model: 'DeviceModel',
  type: 'DeviceType',
  os: 'DeviceOS',
  useragent: 'UserAgent',
} as const
export type Characteristic = (typeof characteristics)[keyof typeof characteristics]

/** A device access rule of Exchange: its text is matched as a whole, without wildcards. */
export const AccessRuleSchema = z.object({
  guid,
  /** Exchange makes it of the other two: `iPhone 5(DeviceModel)`. */
  name: z.string(),
  level: z.enum(levels),
  /** An open enumeration. */
  characteristic: z.string(),
  query: z.string(),
})

/** By what an organization decides about devices that nobody has exempted. */
export const OrganizationAccessSchema = z.object({
  rules: z.array(AccessRuleSchema).readonly(),
  defaultLevel: z.enum(levels),
})

export type AccessRule = z.infer<typeof AccessRuleSchema>
export type OrganizationAccess = z.infer<typeof OrganizationAccessSchema>

/** What somebody wants of the rules. */
export type AccessWish =
  | {
      readonly kind: 'add'
      readonly level: Level
      readonly characteristic: Characteristic
      readonly query: string
      /** Guid of a rule that goes when the new one is there. */
      readonly replaces?: string | undefined
    }
  | { readonly kind: 'remove'; readonly guid: string }
  | { readonly kind: 'default'; readonly level: Level }

/** One cmdlet on the way to a wish. */
export type AccessStep =
  | { readonly do: 'add'; readonly level: Level; readonly characteristic: string; readonly query: string }
  | { readonly do: 'set'; readonly guid: string; readonly level: Level }
  | { readonly do: 'remove'; readonly guid: string }
  | { readonly do: 'default'; readonly level: Level }

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

/**
 * What is still to be done: nothing where Exchange has it so. The level of a rule is changed in place, since Exchange takes no
 * second rule with the same text; where a text changes the new rule comes before the old one goes, so that no device is without.
 */
export function stepsTo({ rules, defaultLevel }: OrganizationAccess, wish: AccessWish): readonly AccessStep[] {
  switch (wish.kind) {
    case 'default':
      return wish.level === defaultLevel ? [] : [{ do: 'default', level: wish.level }]
    case 'remove':
      return rules.some((rule) => rule.guid === wish.guid) ? [{ do: 'remove', guid: wish.guid }] : []
    case 'add': {
      const { level, characteristic, query, replaces } = wish
      const there = rules.find((rule) => rule.characteristic === characteristic && same(rule.query, query))
      const old = rules.find((rule) => rule.guid === replaces && rule !== there)
      return [
        ...(there === undefined ? [{ do: 'add' as const, level, characteristic, query }] : []),
        ...(there !== undefined && there.level !== level ? [{ do: 'set' as const, guid: there.guid, level }] : []),
        ...(old === undefined ? [] : [{ do: 'remove' as const, guid: old.guid }]),
      ]
    }
  }
}

/** What a step does, in words. */
export function sentenceOf(step: AccessStep, rules: OrganizationAccess['rules']): string {
  const nameOf = (guid: string) => rules.find((rule) => rule.guid === guid)?.name ?? guid
  switch (step.do) {
    case 'default':
      return `set the default access level to ${step.level}`
    case 'add':
      return `added the rule ${step.level} ${step.query}(${step.characteristic})`
    case 'set':
      return `changed the rule ${nameOf(step.guid)} to ${step.level}`
    case 'remove':
      return `removed the rule ${nameOf(step.guid)}`
  }
}

/** What was done between two reads, in the words of the steps that do it. */
export function differencesOf(before: OrganizationAccess, { rules, defaultLevel }: OrganizationAccess): string[] {
  const old = new Map(before.rules.map(({ guid, level }) => [guid, level]))
  const left = new Set(rules.map(({ guid }) => guid))
  const added = rules.filter(({ guid }) => !old.has(guid))
  const changed = rules.filter(({ guid, level }) => old.has(guid) && old.get(guid) !== level)
  const gone = before.rules.filter(({ guid }) => !left.has(guid))
  return [
    ...(defaultLevel === before.defaultLevel ? [] : [sentenceOf({ do: 'default', level: defaultLevel }, rules)]),
    ...added.map((rule) => sentenceOf({ do: 'add', ...rule }, rules)),
    ...changed.map((rule) => sentenceOf({ do: 'set', ...rule }, rules)),
    ...gone.map((rule) => sentenceOf({ do: 'remove', ...rule }, before.rules)),
  ]
}

/** The rules and the default as they are after these steps; a new rule has no Guid yet. */
export function after(access: OrganizationAccess, steps: readonly AccessStep[]): OrganizationAccess {
  let { rules, defaultLevel } = access
  for (const step of steps) {
    if (step.do === 'default') defaultLevel = step.level
    else if (step.do === 'remove') rules = rules.filter(({ guid: one }) => one !== step.guid)
    else if (step.do === 'set')
      rules = rules.map((rule) => (rule.guid === step.guid ? { ...rule, level: step.level } : rule))
    else {
      const { level, characteristic, query } = step
      rules = [...rules, { guid: '', name: `${query}(${characteristic})`, level, characteristic, query }]
    }
  }
  return { rules, defaultLevel }
}

const readers: Readonly<Record<Characteristic, (device: Device) => string | undefined>> = {
  DeviceModel: ({ model }) => model,
  DeviceType: ({ type }) => type,
  DeviceOS: ({ os }) => os,
  UserAgent: ({ userAgent }) => userAgent,
}

const isCharacteristic = (name: string): name is Characteristic => name in readers

/** What a device shows of a characteristic. */
export const shownBy = (device: Device, characteristic: string) =>
  isCharacteristic(characteristic) ? readers[characteristic](device) : undefined

/** Whether a rule is about a device: its text is the whole of what the device shows. */
export function matches(
  { characteristic, query }: Pick<AccessRule, 'characteristic' | 'query'>,
  device: Device,
): boolean {
  const shown = shownBy(device, characteristic)
  return shown !== undefined && same(shown, query)
}
