import type { Button, Fact, Field, MarkRow, Moment, Reply, Step } from '../cards/card.ts'
import { commandOf, type Finding } from '../connector/checklist.ts'
import type { ConnectorView, Tested } from '../connector/connectors.ts'
import { failureOf } from '../connector/health.ts'
import { type Connector, type Input, inputs, required, textOf } from '../connector/settings.ts'
import { productOf } from '../connector/version.ts'
import { stateOf } from './age.ts'
import type { Context, Values } from './command.ts'
import { capital } from './replies.ts'

const kinds = { online: 'Exchange Online', onPremises: 'Exchange Server on premises' } as const

/** All connectors, to press on one. */
export function listReply({ connectors, rights, now }: Context): Reply {
  const all = connectors.all()
  return {
    template: 'choose',
    about: { verb: 'connectors', data: {} },
    data: {
      title: 'Connectors',
      text: all.length === 0 ? 'None is set up yet.' : 'Each is the link to one Exchange organization.',
      rows: all.map((view) => {
        const { name, connector } = view
        return { press: { name }, name, detail: `${kinds[connector.kind]}: ${howIs(view, now())}` }
      }),
      verb: 'connectors',
    },
    buttons: rights.holds('Site.Modify')
      ? [
          { title: 'Add Exchange Online', verb: 'connector-add', data: { kind: 'online' } },
          { title: 'Add Exchange on premises', verb: 'connector-add', data: { kind: 'onPremises' } },
        ]
      : [],
  }
}

const howIs = (view: ConnectorView, now: Date) =>
  failureOf(view.health) ? stateOf(view, now) : `${view.health.state}, ${stateOf(view, now)}`

/** One connector: how it is, what it has read, how it is set up. */
export function connectorReply(view: ConnectorView, { rights, rules, now }: Context, notice?: string): Reply {
  const { name, connector, report } = view
  const level = rules.known(name)?.defaultLevel
  const servers = (report?.servers ?? []).map(({ name: server, version }) => {
    const product = version ? productOf(version) : server
    return product.startsWith(server) ? product : `${server}: ${product}`
  })
  const facts: Fact[] = [
    { label: 'Kind', value: kinds[connector.kind] },
    ...(servers.length > 0 ? [{ label: 'Servers', value: servers.join('; ') }] : []),
    ...(view.organization ? [{ label: 'Organization', value: view.organization }] : []),
    ...inputs[connector.kind]
      .filter(({ name: setting }) => setting !== 'name')
      .map((input) => ({ label: labelOf(input), value: typedIn(connector, input) }))
      .filter(({ value }) => value !== ''),
    ...(level ? [{ label: 'Default access level', value: level }] : []),
  ]
  return {
    template: 'checklist',
    about: { verb: 'connectors', data: { name } },
    data: {
      title: name,
      text: `${capital(howIs(view, now()))}.`,
      ...(notice && { notice }),
      facts,
      times: timesOf(view),
      steps: readsOf(view),
      rows: [],
    },
    buttons: rights.holds('Site.Modify') ? buttonsOf(name) : [],
  }
}

const labelOf = ({ title }: Input) => title.replace(/ \(.*\)$/, '')

function typedIn(connector: Connector, { name }: Input): string {
  const [, value] = Object.entries(connector).find(([key]) => key === name) ?? []
  return textOf(value)
}

function timesOf({ full, delta, health }: ConnectorView): Moment[] {
  const failure = failureOf(health)
  return [
    ...(full ? [{ label: 'Full sync', at: full.at }] : []),
    ...(delta ? [{ label: 'Delta sync', at: delta.at }] : []),
    ...(failure ? [{ label: 'Next try', at: failure.nextTry }] : []),
  ]
}

const count = (number: number, what: string) => `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`

/** What the last reads found, and what does not work as it should. */
function readsOf({ full, delta, health, connector }: ConnectorView): Step[] {
  const restrictions = health.state === 'degraded' ? health.restrictions : []
  return [
    ...(full ? [`Full sync: ${count(full.devices, 'device')} in ${full.seconds} s.`] : []),
    ...(delta
      ? [
          `Delta sync: ${delta.found} new or quarantined, ${delta.released} no longer quarantined, in ${delta.seconds} s.`,
        ]
      : []),
    `Every ${connector.deltaSyncMins} minutes new and quarantined devices are found; other changes come with the next full sync.`,
    ...restrictions.map((text) => `${capital(text)}.`),
  ].map((text) => ({ text }))
}

const buttonsOf = (name: string): Button[] => [
  { title: 'Test', verb: 'connector-test', data: { name } },
  { title: 'Sync', verb: 'sync', data: { connector: name } },
  { title: 'Full sync', verb: 'sync', data: { connector: name, full: 'full' } },
  { title: 'Edit', verb: 'connector-edit', data: { name } },
  { title: 'Remove', verb: 'connector-remove', data: { name }, style: 'destructive' },
]

/** What came of a test: how far it got and, when it got through, what the account may do. */
export function testedReply({ name }: Connector, { report, problem }: Tested, known: boolean, notice?: string): Reply {
  const lacks = report.findings.filter(({ state }) => state === 'missing').length
  const [title, text] =
    problem !== undefined
      ? [`${name} cannot be used`, problem]
      : lacks > 0
        ? [`${name} can be used, but not for everything`, 'Put the account into the role group that a red line names.']
        : [`${name} can be used`, report.restrictions.join('; ')]
  return {
    template: 'checklist',
    data: {
      title,
      text,
      ...(notice && { notice }),
      facts: [],
      times: [],
      steps: report.steps.map(({ name: step, passed, text: said }) => ({
        ...(passed ? ({ mark: '✓', tone: 'good' } as const) : ({ mark: '✕', tone: 'attention' } as const)),
        text: `${step}: ${said}`,
      })),
      rows: report.steps.some(({ name: step, passed }) => step === 'Sign-in' && passed)
        ? report.findings.map(rowOf)
        : [],
    },
    buttons: known
      ? [
          { title: 'Test again', verb: 'connector-test', data: { name } },
          { title: 'Edit', verb: 'connector-edit', data: { name } },
          { title: 'Open', verb: 'connectors', data: { name } },
        ]
      : [],
  }
}

const marks: Record<Finding['state'], (finding: Finding) => Omit<MarkRow, 'name'>> = {
  granted: () => ({ mark: '✓', tone: 'good', detail: '' }),
  missing: ({ group }) => ({ mark: '✕', tone: 'attention', detail: `${group} has it` }),
  notTold: () => ({ mark: '…', tone: 'default', detail: 'Exchange does not say whether it may' }),
  tooOld: () => ({ mark: '…', tone: 'default', detail: 'needs Exchange 2016 or later' }),
}

const rowOf = (finding: Finding): MarkRow => ({ name: commandOf(finding), ...marks[finding.state](finding) })

/** A form for the settings of a kind, with what was typed or what there is; `carried` is not asked for. */
export function settingsForm(
  about: { readonly verb: string; readonly kind: Connector['kind']; readonly problem: string | undefined },
  shown: Values,
  carried: Button['data'],
): Reply {
  const { verb, kind, problem } = about
  const isNew = verb === 'connector-add'
  return {
    template: 'form',
    data: {
      title: isNew ? `Add ${kinds[kind]}` : `Edit ${carried.name}`,
      text: problem ?? 'What is left empty has its default.',
      fields: inputs[kind].filter(({ name }) => !(name in carried)).map((input) => fieldOf(input, shown[input.name])),
    },
    buttons: [
      { title: isNew ? 'Add and test' : 'Change and test', verb, data: carried, style: 'positive' },
      { title: 'Back', verb: 'connectors', data: {}, leaves: true },
    ],
    ...(problem && { undone: true }),
  }
}

function fieldOf({ name, title, type, enum: choices, default: standard }: Input, given: unknown): Field {
  const value = given === undefined ? (standard === undefined ? '' : textOf(standard)) : textOf(given)
  return {
    name,
    label: title,
    kind: choices ? 'choice' : type === 'integer' ? 'number' : 'text',
    required: required.includes(name),
    ...(choices && { choices }),
    ...(value !== '' && { value }),
  }
}
