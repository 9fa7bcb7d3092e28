/** Shows mailboxes' devices as Exchange has them, and the cmdlets as they come in. */

const at = (id) => document.getElementById(id)
const most = 200
const kept = 300
const filters = [
  { label: 'All', query: {}, count: (organization) => organization.devices },
  { label: 'Allowed', query: { state: 'Allowed' }, count: ({ states }) => states.Allowed ?? 0 },
  { label: 'Quarantined', query: { state: 'Quarantined' }, count: ({ states }) => states.Quarantined ?? 0 },
  { label: 'Blocked', query: { state: 'Blocked' }, count: ({ states }) => states.Blocked ?? 0 },
  { label: 'Wipe ordered', query: { wipe: 'ordered' }, count: ({ wipes }) => wipes },
]

let chosen = filters[0]
let since = 0
let first = true

/** An element with text: nothing that a phone says of itself is ever read as markup. */
function element(tag, text = '', className = '') {
  const made = document.createElement(tag)
  made.textContent = text
  made.className = className
  return made
}

async function control(path, options) {
  const response = await fetch(`/_sandbox/${path}`, options)
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

const steps = [
  [60, 'second', 1],
  [3600, 'minute', 60],
  [86_400, 'hour', 3600],
  [86_400 * 60, 'day', 86_400],
  [Number.POSITIVE_INFINITY, 'month', 86_400 * 30],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

function ago(time) {
  if (time === null) return 'never'
  const seconds = (Date.now() - Date.parse(time)) / 1000
  const [, unit, length] = steps.find(([limit]) => Math.abs(seconds) < limit)
  return relative.format(-Math.round(seconds / length), unit)
}

const tones = { Allowed: 'good', Quarantined: 'wait', Blocked: 'bad' }
const wipeWords = {
  DeviceOk: '',
  DeviceBlocked: 'cannot be wiped',
  DeviceWipePending: 'Wipe',
  DeviceWipeSucceeded: 'Wiped',
  AccountOnlyDeviceWipePending: 'Account wipe',
  AccountOnlyDeviceWipeSucceeded: 'Account wiped',
}

function wipeCell({ Status, wipe, accountWipe }) {
  const cell = element('td')
  if (Status === 'DeviceOk') return cell
  const times = Status.startsWith('Account') ? accountWipe : wipe
  const [step, time] = times.acknowledged
    ? ['acknowledged', times.acknowledged]
    : times.sent
      ? ['taken', times.sent]
      : ['ordered', times.requested]
  cell.append(
    element('span', wipeWords[Status] ?? Status, `state ${times.acknowledged ? 'good' : 'wait'}`),
    element('small', `${step} ${ago(time)}`, 'nowrap'),
  )
  return cell
}

const ownerAndName = ({ displayName, mailboxType, DeviceFriendlyName, DeviceModel }) => [
  displayName,
  mailboxType === 'UserMailbox' ? '' : mailboxType,
  DeviceFriendlyName === DeviceModel ? '' : DeviceFriendlyName,
]

function deviceRow(device) {
  const row = element('tr')
  const name = element('td')
  name.append(element('strong', device.name), element('small', ownerAndName(device).filter(Boolean).join(' · ')))
  const client = element('td', device.DeviceModel ?? device.DeviceType)
  client.append(
    element('small', [device.DeviceOS, `${device.ClientType} ${device.ClientVersion}`].filter(Boolean).join(' · ')),
  )
  const access = element('td')
  access.append(
    element('span', device.DeviceAccessState, `state ${tones[device.DeviceAccessState] ?? 'wait'}`),
    element('small', device.DeviceAccessStateReason),
  )
  access.title = device.DeviceAccessControlRule ?? ''
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

async function sync(device) {
  const body = JSON.stringify({ organization: device.organization })
  const { contacts } = await control(`devices/${device.Guid}/sync`, { method: 'POST', body })
  say(`${device.name}: ${contacts.map(({ outcome }) => outcome).join(', ')}`)
  await refreshDevices()
}

let saying
function say(text) {
  at('toast').textContent = text
  clearTimeout(saying)
  saying = setTimeout(() => say(''), 4000)
}

async function refreshOrganizations() {
  const organizations = await control('organizations')
  const select = at('organization')
  if (select.options.length !== organizations.length) {
    const before = select.value
    select.replaceChildren(...organizations.map(({ name }) => new Option(name)))
    select.value = organizations.some(({ name }) => name === before) ? before : organizations[0].name
  }
  const organization = organizations.find(({ name }) => name === select.value)
  at('version').textContent =
    `${organization.kind === 'online' ? 'Exchange Online' : 'Exchange Server'} · ${organization.version}`
  at('states').replaceChildren(
    ...filters.map((filter) => {
      const button = element('button', `${filter.label} ${filter.count(organization).toLocaleString('en')}`)
      button.setAttribute('aria-pressed', String(filter === chosen))
      button.addEventListener('click', () => {
        chosen = filter
        refresh()
      })
      return button
    }),
  )
}

let shown = ''
async function refreshDevices() {
  const organization = at('organization').value
  const query = new URLSearchParams({ organization, text: at('text').value, limit: String(most), ...chosen.query })
  const devices = await control(`devices?${query}`)
  const minute = Math.floor(Date.now() / 60_000)
  const now = JSON.stringify([minute, devices])
  if (now === shown) return
  shown = now
  at('devices').replaceChildren(...devices.map(deviceRow))
  at('count').textContent =
    devices.length === 0
      ? 'No device fits.'
      : devices.length < most
        ? `${devices.length} shown`
        : `The first ${most} are shown; type to find others.`
}

/** As PowerShell would write it. */
function worded(value) {
  if (value === null) return '$null'
  if (typeof value === 'boolean') return `$${value}`
  if (Array.isArray(value)) return value.map(worded).join(', ')
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).filter(([name]) => !name.startsWith('@'))
  return `@{${entries.map(([name, inner]) => `${name}=${worded(inner)}`).join('; ')}}`
}

function callItem(call) {
  const item = element('li', '', call.cmdlet.startsWith('Get-') ? '' : 'write')
  const head = element('div', '', 'head')
  head.append(
    element('code', call.cmdlet, 'cmdlet'),
    element('span', `${new Date(call.at).toLocaleTimeString('en-GB')} · ${call.door}`),
  )
  const parameters = Object.entries(call.parameters).map(([name, value]) => `-${name} ${worded(value)}`)
  item.append(head, element('code', parameters.join('\n'), 'parameters'))
  if (call.outcome === 'confirmation') item.append(element('small', 'asked for confirmation, nothing done'))
  if (call.error) item.append(element('p', call.error))
  return item
}

async function refreshCalls() {
  const calls = await control(`calls?since=${since}`)
  if (calls.length === 0) return
  since = calls.at(-1).n
  for (const call of calls.slice(-kept)) {
    const item = callItem(call)
    if (!first) item.classList.add('new')
    at('calls').prepend(item)
  }
  while (at('calls').children.length > kept) at('calls').lastChild.remove()
  showReads()
}

function showReads() {
  for (const item of at('calls').children) item.hidden = !at('reads').checked && !item.classList.contains('write')
  at('quiet').hidden = [...at('calls').children].some((item) => !item.hidden)
}

async function refresh() {
  await refreshOrganizations()
  await Promise.all([refreshDevices(), refreshCalls()])
  first = false
}

async function follow() {
  try {
    await refresh()
  } catch (error) {
    say(`The sandbox does not answer: ${error.message}`)
  }
  setTimeout(follow, 1500)
}

// Keyboards must be able to scroll what scrolls.
for (const id of ['sheet', 'calls']) at(id).tabIndex = 0
at('text').addEventListener('input', refreshDevices)
at('organization').addEventListener('change', refresh)
at('reads').addEventListener('change', showReads)
follow()
