import type { Button, Fact, Reply, SettingGroup } from '../cards/card.ts'
import { isEqual } from '../connector/policy/kinds.ts'
import type { PolicyLook, PolicyPreview } from '../connector/policy/policies.ts'
import type { Reach } from '../connector/policy/reach.ts'
import { type Group, groups, type Setting, settings, settingsOf, type Values } from '../connector/policy/settings.ts'
import type { Context } from './command.ts'
import { type Preview, type Second, secondFact } from './massChange.ts'
import type { wipesAtRisk } from './wipesAtRisk.ts'

const shown = ({ kind }: Setting, value: Values[string] | undefined) =>
  value === undefined ? 'not readable' : kind.show(value)

/** What each setting has, at one organization or at several side by side. */
function groupOf(group: Group, looks: readonly PolicyLook[], detailed: boolean): SettingGroup {
  const owners = looks.filter(({ configured }) => configured[group] !== undefined)
  const drifting = looks.some(({ drift }) => drift.some(({ setting }) => setting.group === group))
  const [only] = looks
  const state =
    looks.length > 1
      ? owners.length === 0
        ? 'left to Exchange'
        : `managed here for ${owners.map(({ connector }) => connector).join(', ')}`
      : owners.length > 0
        ? 'managed by Device Desk'
        : 'left to Exchange'
  return {
    title: group,
    state: drifting ? `${state}; changed in Exchange` : state,
    tone: drifting ? 'warning' : 'default',
    press: { group, ...(looks.length === 1 && only && { connector: only.connector }) },
    rows: settingsOf(group).map((setting) => rowOf(setting, looks, detailed)),
  }
}

function rowOf(setting: Setting, looks: readonly PolicyLook[], detailed: boolean): SettingGroup['rows'][number] {
  const { name, group, about, kind } = setting
  const values = looks.map(({ connector, configured, shown: there }) => ({
    connector,
    ours: configured[group]?.[name],
    theirs: there[name],
  }))
  const [first] = values
  const alike = values.every(({ ours, theirs }) => same(ours ?? theirs, first?.ours ?? first?.theirs))
  const differing = values.filter(({ ours, theirs }) => ours !== undefined && !same(ours, theirs))
  const value = alike
    ? shown(setting, first?.ours ?? first?.theirs)
    : values.map(({ connector, ours, theirs }) => `${connector}: ${shown(setting, ours ?? theirs)}`).join(' · ')
  const there = differing.map(({ connector, theirs }) =>
    looks.length > 1
      ? `${connector} has ${shown(setting, theirs)} in Exchange`
      : `in Exchange: ${shown(setting, theirs)}`,
  )
  return {
    name,
    value: there.length > 0 ? `${value} (${there.join(', ')})` : value,
    tone: differing.length > 0 || !alike ? 'warning' : 'default',
    ...(detailed && { text: `${about} ${kind.range}.` }),
  }
}

const same = (one: Values[string] | undefined, other: Values[string] | undefined) =>
  one === undefined || other === undefined ? one === other : isEqual(one, other)

/** The five groups, or one of them with what can be done about it. */
export function policyReply(
  looks: readonly PolicyLook[],
  { group, notice, warnings = [] }: { group?: Group | undefined; notice?: string; warnings?: readonly string[] },
  { rights }: Context,
): Reply {
  const [only] = looks
  const connector = looks.length === 1 ? only?.connector : undefined
  const title = connector === undefined ? 'Policy, side by side' : `Policy of ${connector}`
  return {
    template: 'policy',
    data: {
      title: group === undefined ? title : `${title}: ${group}`,
      text:
        connector === undefined || only === undefined
          ? 'What differs between the organizations is marked.'
          : `Default mobile device mailbox policy “${only.name}”. A group is managed here as soon as one of its settings is configured; the others stay with Exchange.`,
      ...(notice && { notice }),
      warnings: warnings.map((text) => ({ text })),
      sections: (group === undefined ? groups : [group]).map((one) => groupOf(one, looks, group !== undefined)),
    },
    buttons:
      only === undefined || connector === undefined || !rights.holds('Site.ModifyConnectorPolicy')
        ? []
        : buttonsOf(only, group),
  }
}

function buttonsOf({ connector, configured, drift, undo }: PolicyLook, group: Group | undefined): Button[] {
  const buttons: Button[] =
    group === undefined ? groups.map((one) => ({ title: one, verb: 'policy', data: { group: one, connector } })) : []
  if (group !== undefined) {
    buttons.push({ title: `Edit ${group}`, verb: 'policy-set', data: { group, connector }, style: 'positive' })
    if (drift.some(({ setting }) => setting.group === group))
      buttons.push(
        { title: 'Take back', verb: 'policy-drift', data: { action: 'take-back', group, connector } },
        { title: 'Accept', verb: 'policy-drift', data: { action: 'accept', group, connector } },
      )
    if (configured[group] !== undefined)
      buttons.push({ title: 'Give back to Exchange', verb: 'policy-clear', data: { group, connector } })
  }
  if (undo !== undefined) buttons.push({ title: 'Undo last push', verb: 'policy-undo', data: { connector } })
  if (group !== undefined) buttons.push({ title: 'All groups', verb: 'policy', data: { connector } })
  return buttons
}

/** A card shortens what is longer, and what is shortened must not come back as a wish. */
const longest = 400

/** The inputs of a group, as it is configured or as Exchange has it. */
export const formOf = ({ connector, configured, shown: there }: PolicyLook, group: Group): Reply => ({
  template: 'form',
  data: {
    title: `${group}: settings for ${connector}`,
    text: 'First you see what would change; nothing is written before you confirm.',
    fields: settingsOf(group).map(({ name, about, kind }) => {
      const value = configured[group]?.[name] ?? there[name]
      const text = value === undefined ? undefined : kind.show(value)
      const isLong = text !== undefined && text.length > longest
      const { input } = kind
      const range = input.kind === 'toggle' ? '' : ` ${kind.range}.`
      return {
        name,
        label: `${name}: ${about}${range}${isLong ? ' What there is stays, if this is left empty.' : ''}`,
        kind: input.kind,
        required: false,
        ...(text !== undefined && !isLong && { value: text }),
        ...(input.kind === 'choice' && { choices: input.choices }),
        ...(input.kind === 'number' && { low: input.low, high: input.high, wrong: `It takes ${kind.range}.` }),
        ...(input.kind === 'text' && { pattern: input.pattern, wrong: `It takes ${kind.range}.` }),
      }
    }),
  },
  buttons: [
    { title: 'Preview', verb: 'policy-set', data: { group, connector }, style: 'positive' },
    { title: 'Back', verb: 'policy', data: { group, connector }, leaves: true },
  ],
})

/** What would be different in Exchange, for how many, and what people should know of it first. */
export function previewReply(
  {
    preview,
    reach,
    risk,
    press,
    second,
  }: {
    readonly preview: PolicyPreview
    readonly reach: Reach
    readonly risk: Awaited<ReturnType<typeof wipesAtRisk>>
    readonly press: Omit<Button, 'title'>
    readonly second: Second | undefined
  },
  notice?: string,
): Preview {
  const { look, wish, writes, hazards, digest } = preview
  const count = (number: number) => number.toLocaleString('en')
  const written = settings.filter(({ name }) => name in writes)
  return {
    template: 'preview',
    data: {
      title: `${titles[wish.kind]} ${'group' in wish ? `${wish.group} ` : ''}for ${look.connector}?`,
      text:
        written.length > 0
          ? `This is written to the default policy “${look.name}”; devices get it at their next contact.`
          : 'Nothing is written to Exchange.',
      tone: hazards.length > 0 ? 'attention' : 'default',
      ...(notice && { notice }),
      warnings: [...hazards, ...risk.warnings].map((text) => ({ text })),
      changes: written.map((setting) => ({
        name: `${setting.group}.${setting.name}`,
        before: shown(setting, look.shown[setting.name]),
        after: shown(setting, writes[setting.name]),
      })),
      times: [],
      facts: [
        ...risk.facts,
        ...ownershipOf(preview),
        ...(second ? [secondFact(second)] : []),
        { label: 'Devices', value: `${count(reach.devices)} under the default policy, of ${count(reach.all)}` },
        { label: 'Mailboxes', value: `${count(reach.mailboxes)} with such devices` },
        ...remarksOn(written),
      ],
      bars: [],
      rows: [],
      verb: 'device',
    },
    buttons: [
      {
        title: written.length > 0 ? 'Write to Exchange' : 'Confirm',
        ...press,
        data: { ...press.data, connector: look.connector, confirm: digest },
        style: hazards.length > 0 ? 'destructive' : 'positive',
      },
      { title: 'Back', verb: 'policy', data: { connector: look.connector } },
    ],
  }
}

const fact = (label: string, value: string): Fact[] => (value === '' ? [] : [{ label, value }])

/** Which groups change hands. */
function ownershipOf({ look, configured }: PolicyPreview): Fact[] {
  const [had, has] = [look.configured, configured].map((some) => groups.filter((group) => some[group] !== undefined))
  const taken = has?.filter((group) => !had?.includes(group)) ?? []
  const given = had?.filter((group) => !has?.includes(group)) ?? []
  return [
    ...taken.flatMap((group) =>
      fact(group, 'Managed by Device Desk from now on; its other settings stay as Exchange has them.'),
    ),
    ...given.flatMap((group) => fact(group, 'Left to Exchange again, which keeps its values as they are.')),
  ]
}

const titles: Readonly<Record<PolicyPreview['wish']['kind'], string>> = {
  set: 'Change the policy',
  clear: 'Give back',
  accept: 'Accept what Exchange has of',
  'take-back': 'Take back',
  undo: 'Undo the last push',
}

/** What Outlook and licences make of these settings. */
function remarksOn(written: readonly Setting[]): Fact[] {
  const named = (some: readonly Setting[]) => some.map(({ name }) => name).join(', ')
  const ignored = named(written.filter(({ outlook }) => outlook === undefined))
  const licensed = named(written.filter(({ licence }) => licence))
  return [
    ...written.flatMap(({ name, outlook = '' }) => fact(name, outlook)),
    ...fact('Outlook', ignored && `Outlook for iOS and Android ignores ${ignored}.`),
    ...fact('Licence', licensed && `On premises, ${licensed} needs Exchange Enterprise CALs.`),
  ]
}
