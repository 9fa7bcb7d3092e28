import type { Button, ChoiceRow, Fact, Reply } from '../cards/card.ts'
import { type AccessRule, type AccessWish, characteristics, type Level, levels } from '../connector/rules/rule.ts'
import type { AccessPreview, KnownAccess } from '../connector/rules/rules.ts'
import { type Simulation, pageSize as simulatedPage, whyOf } from '../connector/rules/simulate.ts'
import { soldAs } from '../inventory/models.ts'
import type { Context } from './command.ts'
import { toneOf } from './explain.ts'
import { type Preview, type Second, secondFact } from './massChange.ts'
import { barsOf, rowOf } from './replies.ts'
import type { wipesAtRisk } from './wipesAtRisk.ts'

const pageSize = 10

/** What a characteristic is called in chat; of one that cannot be made here, Exchange's name. */
const wordOf = (characteristic: string) =>
  Object.entries(characteristics).find(([, name]) => name === characteristic)?.[0] ?? characteristic

/** The first characters of a rule's Guid, which name it in chat. */
const shortOf = ({ guid }: Pick<AccessRule, 'guid'>) => guid.slice(0, 8)

/** The rules of these organizations, ten at a time, and their default access levels. */
export function rulesReply(
  all: readonly KnownAccess[],
  { rights }: Context,
  { page = 1, notice }: { page?: number; notice?: string } = {},
): Reply {
  const rows = all.flatMap(({ connector, rules }) =>
    rules.map(
      (rule): ChoiceRow => ({
        press: { id: rule.guid, connector },
        name: `${rule.level} · ${rule.query}`,
        detail: [wordOf(rule.characteristic), shortOf(rule), ...(all.length > 1 ? [connector] : [])].join(' · '),
      }),
    ),
  )
  const pages = Math.max(1, Math.ceil(rows.length / pageSize))
  const shown = Math.min(page, pages)
  const to = (title: string, wanted: number): Button => ({ title, verb: 'rules', data: { page: wanted } })
  const defaults = all.map(({ connector, defaultLevel }) => `${connector}: ${defaultLevel}`).join('; ')
  return {
    template: 'choose',
    data: {
      title: rows.length === 1 ? '1 access rule' : `${rows.length} access rules`,
      text: `${notice ? `${notice} ` : ''}What no rule and no personal exemption decides gets the default access level: ${defaults}.`,
      rows: rows.slice((shown - 1) * pageSize, shown * pageSize),
      verb: 'rules',
    },
    buttons: [
      ...(rights.holds('Site.Modify') ? [{ title: 'Add a rule', verb: 'rule-add', data: {} }] : []),
      ...(shown > 1 ? [to('Back', shown - 1)] : []),
      ...(shown < pages ? [to('More', shown + 1)] : []),
    ],
  }
}

/** One rule, with what can be done about it. */
export function ruleReply(rule: AccessRule, { connector }: KnownAccess, { rights }: Context): Reply {
  const { guid, level, characteristic, query } = rule
  const word = wordOf(characteristic)
  const changes: Button[] =
    word === characteristic
      ? []
      : [
          ...levels
            .filter((one) => one !== level)
            .map((one) => ({
              title: `${one} instead`,
              verb: 'rule-add',
              data: { level: one, characteristic: word, text: query, connector },
            })),
          {
            title: 'Change the text',
            verb: 'rule-add',
            data: { level, characteristic: word, replaces: guid, connector },
          },
        ]
  return {
    template: 'facts',
    data: {
      title: rule.name,
      text: 'A device is meant when it shows just this text and nothing more; capitals do not matter.',
      facts: [
        { label: 'Access', value: level },
        { label: 'Looks at', value: characteristic },
        { label: 'Text', value: query },
        { label: 'Id', value: shortOf(rule) },
        { label: 'Connector', value: connector },
      ],
      times: [],
    },
    buttons: rights.holds('Site.Modify')
      ? [...changes, { title: 'Remove', verb: 'rule-remove', data: { id: guid, connector }, style: 'destructive' }]
      : [],
  }
}

const mostSuggested = 4

/** Asks for the text of a new rule, and offers what most devices show, then what others showed that are gone. */
export function ruleForm(
  data: Button['data'] & { level: Level; characteristic: string; connector: string },
  values: ReadonlyMap<string, number>,
  gone: readonly string[],
): Reply {
  const { level, characteristic, connector } = data
  const most = [...values].sort(([, one], [, other]) => other - one)
  const known = [...most, ...gone.filter((text) => !values.has(text)).map((text) => [text, 0] as const)]
  const named = known.slice(0, 12).map(([text, count]) => {
    const sold = soldAs(text)
    const which = count === 0 ? 'gone by now' : count.toLocaleString('en')
    return sold === text ? `${text} (${which})` : `${text} (${sold}, ${which})`
  })
  return {
    template: 'form',
    data: {
      title: `${level} by ${characteristic} for ${connector}: which?`,
      text: [
        'A device is meant when it shows just this text and nothing more; capitals do not matter.',
        ...(named.length > 0 ? [`What devices show, and how many: ${named.join('; ')}.`] : []),
      ].join(' '),
      fields: [{ name: 'text', label: 'Text, as the device shows it', kind: 'text', required: true, max: 255 }],
    },
    buttons: [
      { title: 'Preview', verb: 'rule-add', data, style: 'positive' },
      ...known.slice(0, mostSuggested).map(([text]) => useButton(text, data)),
    ],
  }
}

/** Chooses a text that devices show, whatever was typed. */
const useButton = (text: string, data: Button['data']): Button => ({
  title: `Use “${text.slice(0, 40)}”`,
  verb: 'rule-add',
  data: { ...data, text },
  leaves: true,
})

const verbs: Readonly<Record<Level, string>> = { Allow: 'Allow', Block: 'Block', Quarantine: 'Quarantine' }

/** What a wish would do, in a title and a sentence, and the line that differs in Exchange. */
function describe({ wish, access, connector }: AccessPreview) {
  if (wish.kind === 'default')
    return {
      title: `Default access level of ${connector}: ${wish.level}?`,
      text: 'It is for every device that no rule and no personal exemption decides about.',
      changes: [{ name: 'Default access level', before: access.defaultLevel, after: wish.level }],
    }
  const [old] = access.rules.filter(({ guid }) => guid === (wish.kind === 'remove' ? wish.guid : wish.replaces))
  const gone = old ? [{ name: old.name, before: old.level, after: 'no rule' }] : []
  if (wish.kind === 'remove')
    return {
      title: `Remove the rule ${old?.name ?? ''} for ${connector}?`,
      text: 'What it decided is decided by the next rule that fits, or by the default access level.',
      changes: gone,
    }
  const name = `${wish.query}(${wish.characteristic})`
  const there = access.rules.find((rule) => rule.name.toLowerCase() === name.toLowerCase())
  return {
    title: `${verbs[wish.level]} by ${wish.characteristic} “${wish.query}” for ${connector}?`,
    text: 'It fits devices that show just this text and nothing more; there are no wildcards.',
    changes: [
      { name, before: there?.level ?? 'no rule', after: wish.level },
      ...gone.filter((one) => one.name !== name),
    ],
  }
}

/** What people should know of a change of rules before they make it. */
function warningsOf({ wish, connector }: AccessPreview, { fitting, outlook, worse }: Simulation): string[] {
  const warnings: (string | false)[] = [
    wish.kind === 'default' &&
      worse > 0 &&
      'It takes effect for every connected device at once, not at its next contact.',
    wish.kind === 'add' && fitting === 0 && `No device of ${connector} shows exactly this.`,
    wish.kind === 'add' &&
      wish.level === 'Block' &&
      worse > 0 &&
      'A device that a rule blocks is not looked at again when it is updated; one in quarantine is.',
    wish.kind === 'add' &&
      (wish.characteristic === 'DeviceOS' || wish.characteristic === 'UserAgent') &&
      'The text carries a build, so it fits until the next update.',
    outlook > 0 &&
      `${outlook.toLocaleString('en')} of them are Outlook mobile: where Conditional Access covers it, Exchange skips the access rules.`,
  ]
  return warnings.filter((text) => text !== false)
}

/** Which devices would change state, as counts and the first of them; suggested texts are presses on the same command. */
export function rulePreviewReply(
  {
    preview,
    simulation,
    risk,
    press,
    suggestions,
    second,
  }: {
    readonly preview: AccessPreview
    readonly simulation: Simulation
    readonly risk: Awaited<ReturnType<typeof wipesAtRisk>>
    readonly press: Omit<Button, 'title'>
    readonly suggestions: readonly string[]
    readonly second: Second | undefined
  },
  context: Context,
  { page = 1, notice }: { page?: number; notice?: string } = {},
): Preview {
  const { moves, worse, devices, shown, fitting } = simulation
  const count = (number: number) => number.toLocaleString('en')
  const changed = [...moves.values()].reduce((sum, one) => sum + one, 0)
  const facts: Fact[] = [
    { label: 'Devices', value: `${count(changed)} of ${count(devices)} change` },
    ...(preview.wish.kind === 'default'
      ? []
      : [{ label: 'Fitting', value: `${count(fitting)} ${fitting === 1 ? 'device' : 'devices'}` }]),
    {
      label: 'Shut out',
      value: `${count(worse)} that ${worse === 1 ? 'is' : 'are'} not now`,
      ...(worse > 0 && { tone: 'attention' as const }),
    },
    ...risk.facts,
    ...(second ? [secondFact(second)] : []),
  ]
  return {
    template: 'preview',
    data: {
      ...describe(preview),
      tone: worse > 0 ? 'attention' : 'default',
      ...(notice && { notice }),
      warnings: [...warningsOf(preview, simulation), ...risk.warnings].map((text) => ({ text })),
      facts,
      times: [],
      bars: barsOf(
        [...moves].map(([label, number]) => ({ label, count: number, tone: toneOf(label.split(' → ')[1] ?? '') })),
      ),
      rows: shown.map(({ device, from, to }) => ({
        ...rowOf(device, context),
        state: `${from.state} → ${to.state} (${whyOf(to)})`,
        tone: toneOf(to.state),
      })),
      verb: 'device',
    },
    buttons: [
      {
        title: titles[preview.wish.kind],
        ...press,
        data: { ...press.data, connector: preview.connector, confirm: preview.digest },
        style: worse > 0 ? 'destructive' : 'positive',
      },
      ...suggestions.map((text) => useButton(text, { ...press.data, connector: preview.connector })),
      ...listButtons(simulation, press, preview.connector, page, context),
      { title: 'All rules', verb: 'rules', data: { connector: preview.connector } },
    ],
  }
}

/** The other pages of the devices that would change, and all of them as a file, which only the asker may see. */
function listButtons(
  { visible }: Simulation,
  { verb, data }: Omit<Button, 'title'>,
  connector: string,
  page: number,
  { scope }: Context,
): Button[] {
  const to = (title: string, more: Button['data']): Button => ({ title, verb, data: { ...data, connector, ...more } })
  return [
    ...(page > 1 ? [to('Back', { page: page - 1 })] : []),
    ...(page * simulatedPage < visible ? [to('More', { page: page + 1 })] : []),
    ...(visible > 0 && scope === 'personal' ? [to('As a file (CSV)', { csv: 'csv' })] : []),
  ]
}

const titles: Readonly<Record<AccessWish['kind'], string>> = {
  add: 'Set the rule',
  remove: 'Remove the rule',
  default: 'Set the default',
}
