import type { Described } from '../control/organizations.ts'
import type { Contacts, Shown, ShownWipe } from '../control/phones.ts'
import type { LoggedCall } from '../sandbox.ts'

/** How many devices and how many cmdlets are on the page at most. */
const most = 200
const kept = 300

interface View {
  readonly label: string
  readonly query: Readonly<Record<string, string>>
  readonly count: (organization: Described) => number
}

const inState = (state: string): View => ({
  label: state,
  query: { state },
  count: ({ states }) => states[state] ?? 0,
})

const everything: View = { label: 'All', query: {}, count: ({ devices }) => devices }
const ordered: View = { label: 'Wipe ordered', query: { wipe: 'ordered' }, count: ({ wipes }) => wipes }
const views = [everything, inState('Allowed'), inState('Quarantined'), inState('Blocked'), ordered]
let view = everything

function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no #${id}.`)
  return found
}

const organization = part('organization', HTMLSelectElement)
const text = part('text', HTMLInputElement)
const reads = part('reads', HTMLInputElement)
const callList = part('calls', HTMLOListElement)
const rows = part('devices', HTMLTableSectionElement)
const toast = part('toast', HTMLElement)

/** An element with text: nothing that a phone says of itself is ever read as markup. */
function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  content = '',
  className = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  made.textContent = content
  made.className = className
  return made
}

/** Asks the control port. Its answers have the types that it exports, since page and port are one program. */
async function control<T>(path: string, options?: RequestInit): Promise<T> {
  const response = await fetch(`/_sandbox/${path}`, options)
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const units = [
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

function ago(time: string | null) {
  if (time === null) return 'never'
  const seconds = (Date.now() - Date.parse(time)) / 1000
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? units[4]
  return relative.format(-Math.round(seconds / length), unit)
}

const tones: Readonly<Record<string, string>> = { Allowed: 'good', Quarantined: 'wait', Blocked: 'bad' }
const wipeWords: Readonly<Record<string, string>> = {
  DeviceBlocked: 'Cannot be wiped',
  DeviceWipePending: 'Wipe',
  DeviceWipeSucceeded: 'Wiped',
  AccountOnlyDeviceWipePending: 'Account wipe',
  AccountOnlyDeviceWipeSucceeded: 'Account wiped',
}

function stepOf({ requested, sent, acknowledged }: ShownWipe) {
  if (acknowledged) return `acknowledged ${ago(acknowledged)}`
  return sent ? `taken ${ago(sent)}` : `ordered ${ago(requested)}`
}

function wipeCell({ Status, wipe, accountWipe }: Shown) {
  const cell = element('td')
  if (Status === 'DeviceOk') return cell
  const times = Status.startsWith('Account') ? accountWipe : wipe
  cell.append(
    element('span', wipeWords[Status] ?? Status, `state ${times.acknowledged ? 'good' : 'wait'}`),
    element('small', stepOf(times), 'nowrap'),
  )
  return cell
}

const ownerAndName = ({ displayName, mailboxType, DeviceFriendlyName, DeviceModel }: Shown) => [
  displayName,
  mailboxType === 'UserMailbox' ? '' : mailboxType,
  DeviceFriendlyName === DeviceModel ? '' : DeviceFriendlyName,
]

const joined = (parts: readonly (string | null)[]) => parts.filter(Boolean).join(' · ')

function deviceRow(device: Shown) {
  const row = element('tr')
  const name = element('td')
  name.append(element('strong', device.name), element('small', joined(ownerAndName(device))))
  const client = element('td', device.DeviceModel ?? device.DeviceType)
  client.append(element('small', joined([device.DeviceOS, `${device.ClientType} ${device.ClientVersion}`])))
  const access = element('td')
  access.title = device.DeviceAccessControlRule ?? ''
  access.append(
    element('span', device.DeviceAccessState, `state ${tones[device.DeviceAccessState] ?? 'wait'}`),
    element('small', device.DeviceAccessStateReason),
  )
  const phone = element('td')
  const button = element('button', 'Sync', 'nowrap')
  button.setAttribute('aria-label', `Sync ${device.name} with Exchange`)
  button.title = 'Lets the phone contact Exchange once'
  button.disabled = !device.configured
  button.addEventListener('click', () => sync(device))
  phone.append(button)
  row.append(name, client, access, wipeCell(device), element('td', ago(device.LastSuccessSync), 'nowrap'), phone)
  return row
}

async function sync(device: Shown) {
  const body = JSON.stringify({ organization: device.organization })
  const { contacts } = await control<Contacts>(`devices/${device.Guid}/sync`, { method: 'POST', body })
  say(`${device.name}: ${contacts.map(({ outcome }) => outcome).join(', ')}`)
  await refreshDevices()
}

let silence: number | undefined
function say(message: string) {
  toast.textContent = message
  window.clearTimeout(silence)
  silence = window.setTimeout(() => say(''), 4000)
}

async function refreshOrganizations() {
  const all = await control<Described[]>('organizations')
  if (organization.options.length !== all.length) {
    const before = organization.value
    organization.replaceChildren(...all.map(({ name }) => new Option(name, name, false, name === before)))
  }
  const chosen = all.find(({ name }) => name === organization.value)
  if (!chosen) return
  const kind = chosen.kind === 'online' ? 'Exchange Online' : 'Exchange Server'
  part('version', HTMLElement).textContent = `${kind} · ${chosen.version}`
  part('states', HTMLElement).replaceChildren(
    ...views.map((one) => {
      const button = element('button', `${one.label} ${one.count(chosen).toLocaleString('en')}`)
      button.setAttribute('aria-pressed', String(one === view))
      button.addEventListener('click', () => {
        view = one
        refresh()
      })
      return button
    }),
  )
}

let shown = ''
async function refreshDevices() {
  const wish = { organization: organization.value, text: text.value, limit: String(most), ...view.query }
  const devices = await control<Shown[]>(`devices?${new URLSearchParams(wish)}`)
  const look = JSON.stringify([Math.floor(Date.now() / 60_000), devices])
  if (look === shown) return
  shown = look
  rows.replaceChildren(...devices.map(deviceRow))
  const all = devices.length === 0 ? 'No device fits.' : `${devices.length} shown`
  part('count', HTMLElement).textContent =
    devices.length < most ? all : `The first ${most} are shown; type to find others.`
}

/** As PowerShell would write it. */
function worded(value: unknown): string {
  if (value === null) return '$null'
  if (typeof value === 'boolean') return `$${value}`
  if (Array.isArray(value)) return value.map(worded).join(', ')
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).filter(([name]) => !name.startsWith('@'))
  return `@{${entries.map(([name, inner]) => `${name}=${worded(inner)}`).join('; ')}}`
}

function callItem(call: LoggedCall, isNew: boolean) {
  const item = element('li', '', call.cmdlet.startsWith('Get-') ? '' : 'write')
  item.classList.toggle('new', isNew)
  const head = element('div', '', 'head')
  const time = new Date(call.at).toLocaleTimeString('en-GB')
  head.append(element('code', call.cmdlet, 'cmdlet'), element('span', `${time} · ${call.door}`))
  const parameters = Object.entries(call.parameters).map(([name, value]) => `-${name} ${worded(value)}`)
  item.append(head, element('code', parameters.join('\n'), 'parameters'))
  if (call.outcome === 'confirmation') item.append(element('small', 'asked for confirmation, nothing done'))
  if (call.error) item.append(element('p', call.error))
  return item
}

let since = 0
async function refreshCalls() {
  const calls = await control<LoggedCall[]>(`calls?since=${since}`)
  for (const call of calls.slice(-kept)) callList.prepend(callItem(call, since > 0))
  since = calls.at(-1)?.n ?? since
  while (callList.children.length > kept) callList.lastElementChild?.remove()
  if (calls.length > 0) showReads()
}

function showReads() {
  const items = [...callList.querySelectorAll('li')]
  for (const item of items) item.hidden = !reads.checked && !item.classList.contains('write')
  part('quiet', HTMLElement).hidden = items.some((item) => !item.hidden)
}

async function refresh() {
  await refreshOrganizations()
  await Promise.all([refreshDevices(), refreshCalls()])
}

async function follow() {
  try {
    await refresh()
  } catch (error) {
    say(`The sandbox does not answer: ${error}`)
  }
  window.setTimeout(follow, 1500)
}

// Keyboards must be able to scroll what scrolls.
for (const scrolling of [part('sheet', HTMLElement), callList]) scrolling.tabIndex = 0
text.addEventListener('input', refreshDevices)
organization.addEventListener('change', refresh)
reads.addEventListener('change', showReads)
follow()
