import { type Device, nameOf, type Owner } from '../../inventory/device.ts'
import { evaluate, type Verdict } from './evaluate.ts'
import { type AccessStep, after, matches, type OrganizationAccess, shownBy } from './rule.ts'
import { scan } from './scan.ts'

/** A device that a change of the rules brings into another state. */
export interface Affected {
  readonly device: Device
  readonly owner: Owner
  readonly from: Verdict
  readonly to: Verdict
}

/** What a change of the rules would do to the devices of a connector. */
export interface Simulation {
  /** Devices of the connector. */
  readonly devices: number
  /** How many go from a state into another: `Allowed → Blocked`. */
  readonly moves: ReadonlyMap<string, number>
  /** How many are blocked or quarantined that were not. */
  readonly worse: number
  /** How many of them the asker may see, and those of one page. */
  readonly visible: number
  readonly shown: readonly Affected[]
  /** How many a new, changed or removed rule is about. */
  readonly fitting: number
  /** How many of those that change are Outlook for iOS and Android. */
  readonly outlook: number
  /** What devices show of the characteristic of a new rule, and how many. */
  readonly values: ReadonlyMap<string, number>
}

interface Fleet {
  readonly connector: string
  readonly devices: () => Iterable<Device>
  readonly ownerOf: (device: Device) => Owner
}

/** So many are shown at once. */
export const pageSize = 5

const isWorse = (from: string, to: string) =>
  (to === 'Blocked' && from !== 'Blocked') || (to === 'Quarantined' && from !== 'Quarantined' && from !== 'Blocked')

/** Whether steps can make a difference to a device at all: most devices need no closer look. */
function concerns(steps: readonly AccessStep[], { rules }: OrganizationAccess) {
  if (steps.some((step) => step.do === 'default')) return () => true
  const touched = rules.filter(({ guid }) => steps.some((step) => 'guid' in step && step.guid === guid))
  const added = steps.flatMap((step) => (step.do === 'add' ? [step] : []))
  return (device: Device) => [...touched, ...added].some((rule) => matches(rule, device))
}

/** Tells what a change makes of a device that it concerns; nothing where that stays as it is. */
function affectedBy(before: OrganizationAccess, steps: readonly AccessStep[], { ownerOf }: Fleet) {
  const then = after(before, steps)
  return (device: Device): Affected | undefined => {
    const owner = ownerOf(device)
    const [from, to] = [evaluate(device, owner, before), evaluate(device, owner, then)]
    return from.state === to.state ? undefined : { device, owner, from, to }
  }
}

/** Tells whether a change blocks or quarantines a device that is not now. */
export function shutsOut(before: OrganizationAccess, steps: readonly AccessStep[], fleet: Fleet) {
  const affected = affectedBy(before, steps, fleet)
  return (device: Device): boolean => {
    const one = affected(device)
    return one !== undefined && isWorse(one.from.state, one.to.state)
  }
}

/** Computes what a change would do, over however many devices; the asker sees only what `maySee` says, page by page. */
export async function simulate(
  before: OrganizationAccess,
  steps: readonly AccessStep[],
  fleet: Fleet,
  { maySee, page = 1 }: { maySee: (device: Device) => boolean; page?: number },
  signal: AbortSignal,
): Promise<Simulation> {
  const isConcerned = concerns(steps, before)
  const affected = affectedBy(before, steps, fleet)
  const added = steps.find((step) => step.do === 'add')
  const moves = new Map<string, number>()
  const values = new Map<string, number>()
  const shown: Affected[] = []
  let devices = 0
  let [worse, fitting, outlook, visible] = [0, 0, 0, 0]
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  await scan(
    fleet.devices(),
    (device) => {
      if (device.connector !== fleet.connector) return
      devices += 1
      const value = added && shownBy(device, added.characteristic)
      if (value !== undefined) count(values, value)
      if (!isConcerned(device)) return
      fitting += 1
      const one = affected(device)
      if (one === undefined) return
      if (device.clientType === 'Outlook' || device.clientType === 'REST') outlook += 1
      count(moves, `${one.from.state} → ${one.to.state}`)
      if (isWorse(one.from.state, one.to.state)) worse += 1
      if (!maySee(device)) return
      visible += 1
      if (Math.ceil(visible / pageSize) === page) shown.push(one)
    },
    signal,
  )
  return { devices, moves, worse, visible, shown, fitting, outlook, values }
}

/** The devices that would change and that the asker may see, as a table; its rows are computed when they are wanted. */
export const affectedTable = (
  before: OrganizationAccess,
  steps: readonly AccessStep[],
  fleet: Fleet,
  maySee: (device: Device) => boolean,
) => ({
  columns: ['Device', 'Owner', 'Mailbox', 'Model', 'System', 'From', 'To', 'Why', 'Guid', 'Connector'],
  *rows(): Iterable<readonly string[]> {
    const isConcerned = concerns(steps, before)
    const affected = affectedBy(before, steps, fleet)
    for (const device of fleet.devices()) {
      const isAsked = device.connector === fleet.connector && isConcerned(device)
      const one = isAsked ? affected(device) : undefined
      if (one === undefined || !maySee(device)) continue
      const { owner, from, to } = one
      const { model = '', os = '', guid, connector } = device
      const { displayName, mail, upn, name } = owner
      const mailbox = mail ?? upn ?? name
      yield [nameOf(device, owner), displayName, mailbox, model, os, from.state, to.state, whyOf(to), guid, connector]
    }
  },
})

/** What the devices of a connector show of a characteristic, and how many of them. */
export async function valuesOf(
  { connector, devices }: Pick<Fleet, 'connector' | 'devices'>,
  characteristic: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const values = new Map<string, number>()
  await scan(
    devices(),
    (device) => {
      const shown = device.connector === connector ? shownBy(device, characteristic) : undefined
      if (shown !== undefined) values.set(shown, (values.get(shown) ?? 0) + 1)
    },
    signal,
  )
  return values
}

/** Which layer decides, in a few words. */
export function whyOf(verdict: Verdict): string {
  switch (verdict.by) {
    case 'elsewhere':
      return verdict.reason
    case 'exemption':
      return 'personal exemption'
    case 'rule':
      return `rule ${verdict.rule.name}`
    case 'default':
      return 'default access level'
  }
}
