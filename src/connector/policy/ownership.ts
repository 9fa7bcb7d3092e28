import { type Generation, isEqual, type SettingValue } from './kinds.ts'
import { type Group, parameterOf, type Setting, settings, settingsOf, type Values } from './settings.ts'

/** What Device Desk has configured: a group is owned as soon as it is here, and then has all its settings. */
export type Configured = Readonly<Partial<Record<Group, Values>>>

/** What the last push changed, and how everything was before it. */
export interface Undo {
  readonly configured: Configured
  /** What Exchange showed of the settings that were written. */
  readonly values: Values
}

/** What somebody wants of the policy. */
export type Wish =
  | { readonly kind: 'set'; readonly values: Values }
  | { readonly kind: 'clear' | 'accept' | 'take-back'; readonly group: Group }
  | { readonly kind: 'undo' }

/** What a wish leads to. */
export interface Plan {
  readonly configured: Configured
  readonly undo: Undo | undefined
  /** What Exchange is told, by the names of settings; only of groups that are owned. */
  readonly writes: Values
}

/** A setting that is not as it was configured. */
export interface Drift {
  readonly setting: Setting
  readonly configured: SettingValue
  readonly shown: SettingValue
}

const groupOf = (name: string) => settings.find((setting) => setting.name === name)?.group

/** The values of some settings. */
const pick = (values: Values, wanted: (name: string) => boolean): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)))

const pickGroup = (values: Values, group: Group) => pick(values, (name) => groupOf(name) === group)

/** The values that Exchange does not show already. */
const changed = (values: Values, shown: Values) =>
  pick(values, (name) => {
    const [old, now] = [shown[name], values[name]]
    return now !== undefined && (old === undefined || !isEqual(old, now))
  })

function without(configured: Configured, group: Group): Configured {
  const { [group]: _, ...others } = configured
  return others
}

/**
 * From what is configured and what Exchange shows to what will be. A group that is taken over keeps what Exchange has; only what
 * was wished is written, so that what somebody changed in Exchange meanwhile stays until it is taken back or accepted.
 */
export function plan(configured: Configured, undo: Undo | undefined, shown: Values, wish: Wish): Plan {
  switch (wish.kind) {
    case 'set': {
      const writes = changed(wish.values, shown)
      const touched = new Set(Object.keys(wish.values).flatMap((name) => groupOf(name) ?? []))
      const taken = Object.fromEntries(
        [...touched].map((group) => [
          group,
          { ...(configured[group] ?? pickGroup(shown, group)), ...pickGroup(wish.values, group) },
        ]),
      )
      return pushed(configured, undo, shown, { ...configured, ...taken }, writes)
    }
    case 'take-back': {
      const writes = changed(configured[wish.group] ?? {}, shown)
      return pushed(configured, undo, shown, configured, writes)
    }
    case 'accept': {
      const owned = configured[wish.group]
      if (owned === undefined) return { configured, undo, writes: {} }
      return {
        configured: { ...configured, [wish.group]: { ...owned, ...pickGroup(shown, wish.group) } },
        undo,
        writes: {},
      }
    }
    case 'clear': {
      const values = pick(undo?.values ?? {}, (name) => groupOf(name) !== wish.group)
      const left = undo && Object.keys(values).length > 0 ? { ...undo, values } : undefined
      return { configured: without(configured, wish.group), undo: left, writes: {} }
    }
    case 'undo': {
      if (undo === undefined) return { configured, undo, writes: {} }
      const touched = new Set(Object.keys(undo.values).flatMap((name) => groupOf(name) ?? []))
      let before = configured
      for (const group of touched) {
        const old = undo.configured[group]
        before = old === undefined ? without(before, group) : { ...before, [group]: old }
      }
      const writes = changed(undo.values, shown)
      return pushed(configured, Object.keys(writes).length > 0 ? undo : undefined, shown, before, writes)
    }
  }
}

/** What is written can be undone, and so can that; where nothing is written the former push stays the last. */
function pushed(before: Configured, undo: Undo | undefined, shown: Values, after: Configured, writes: Values): Plan {
  if (Object.keys(writes).length === 0) return { configured: after, undo, writes }
  return { configured: after, undo: { configured: before, values: pick(shown, (name) => name in writes) }, writes }
}

/** What somebody else changed in groups that are owned. */
export const driftOf = (configured: Configured, shown: Values): readonly Drift[] =>
  settings.flatMap((setting) => {
    const [ours, theirs] = [configured[setting.group]?.[setting.name], shown[setting.name]]
    return ours === undefined || theirs === undefined || isEqual(ours, theirs)
      ? []
      : [{ setting, configured: ours, shown: theirs }]
  })

/** A policy of Exchange in Configuration Manager's words; what it shows and nobody can read is left out. */
export const readValues = (row: Readonly<Record<string, unknown>>, generation: Generation): Values =>
  Object.fromEntries(
    settings.flatMap((setting) => {
      const value = setting.kind.read(row[parameterOf(setting, generation)], generation)
      return value === undefined ? [] : [[setting.name, value]]
    }),
  )

/** Values as parameters of Set-MobileDeviceMailboxPolicy. */
export const writeValues = (values: Values, generation: Generation) =>
  Object.fromEntries(
    settings.flatMap((setting) => {
      const value = values[setting.name]
      return value === undefined ? [] : [[parameterOf(setting, generation), setting.kind.write(value, generation)]]
    }),
  )

/** What people should know before these are written. */
export function hazardsOf(writes: Values, shown: Values): readonly string[] {
  const all = { ...shown, ...writes }
  const hazards = settings.flatMap(({ name, hazard, group }) => {
    const value = writes[name]
    const text = value === undefined ? undefined : hazard?.(value, all)
    return text === undefined ? [] : [`${group}.${name}: ${text}`]
  })
  return enforced(writes).length > 0 && all.AllowNonProvision === false && !('AllowNonProvision' in writes)
    ? [...hazards, 'AllowNonProvision is false: devices and apps that cannot enforce this are cut off.']
    : hazards
}

/** Of what is written, what a device must enforce because it is not what Exchange has by itself. */
const enforced = (writes: Values) =>
  settings.filter(({ name, standard }) => {
    const value = writes[name]
    return value !== undefined && !isEqual(value, standard)
  })

/** Whether a change may cut off devices that cannot enforce it. */
export const cutsOff = (writes: Values, shown: Values) =>
  (writes.AllowNonProvision ?? shown.AllowNonProvision) === false && enforced(writes).length > 0

/** Whether a change needs two people however few devices it is about, and whether it may cut off devices at all. */
export function gravityOf(writes: Values, shown: Values): 'always' | 'by number' | 'none' {
  if (settings.some(({ name, critical }) => critical && name in writes)) return 'always'
  return cutsOff(writes, shown) ? 'by number' : 'none'
}

export const namesOf = (group: Group) => settingsOf(group).map(({ name }) => name)
