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
  /** The first that the asker may see. */
  readonly first: readonly Affected[]
  /** How many a new, changed or removed rule is about. */
  readonly fitting: number
  /** How many of those that change are Outlook for iOS and Android. */
  readonly outlook: number
  /** What devices show of the characteristic of a new rule, and how many. */
  readonly values: ReadonlyMap<string, number>
}

interface Fleet {
  readonly connector: string
  readonly devices: Iterable<Device>
  readonly ownerOf: (device: Device) => Owner
}

const mostShown = 5

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

/** Computes what a change would do, over however many devices; the caller sees only what `maySee` says. */
export async function simulate(
  before: OrganizationAccess,
  steps: readonly AccessStep[],
  fleet: Fleet,
  maySee: (device: Device) => boolean,
  signal: AbortSignal,
): Promise<Simulation> {
  const isConcerned = concerns(steps, before)
  const affected = affectedBy(before, steps, fleet)
  const added = steps.find((step) => step.do === 'add')
  const moves = new Map<string, number>()
  const values = new Map<string, number>()
  const first: Affected[] = []
  let devices = 0
  let [worse, fitting, outlook] = [0, 0, 0]
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  await scan(
    fleet.devices,
    (device) => {
      if (device.connector !== fleet.connector) return
      devices += 1
      const shown = added && shownBy(device, added.characteristic)
      if (shown !== undefined) count(values, shown)
      if (!isConcerned(device)) return
      fitting += 1
      const one = affected(device)
      if (one === undefined) return
      if (device.clientType === 'Outlook' || device.clientType === 'REST') outlook += 1
      count(moves, `${one.from.state} → ${one.to.state}`)
      if (isWorse(one.from.state, one.to.state)) worse += 1
      if (first.length < mostShown && maySee(device)) first.push(one)
    },
    signal,
  )
  return { devices, moves, worse, first, fitting, outlook, values }
}

/** A cell that no spreadsheet takes for a formula. */
const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`

/** The devices that would change, as lines of CSV; `devices` are those that the asker may see. */
export async function simulationCsv(
  before: OrganizationAccess,
  steps: readonly AccessStep[],
  fleet: Fleet,
  signal: AbortSignal,
): Promise<string> {
  const isConcerned = concerns(steps, before)
  const affected = affectedBy(before, steps, fleet)
  const lines = [['name', 'user', 'mail', 'model', 'os', 'from', 'to', 'why', 'guid']]
  await scan(
    fleet.devices,
    (device) => {
      const one = device.connector === fleet.connector && isConcerned(device) ? affected(device) : undefined
      if (one === undefined) return
      const { owner, from, to } = one
      const { model = '', os = '', guid } = device
      lines.push([
        nameOf(device, owner),
        owner.displayName,
        owner.mail ?? '',
        model,
        os,
        from.state,
        to.state,
        whyOf(to),
        guid,
      ])
    },
    signal,
  )
  return lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
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
