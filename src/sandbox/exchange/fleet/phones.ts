import type { Device } from '../model.ts'
import type { Random } from './random.ts'

/** A kind of client that connects: what it says of itself. */
export type Client = Pick<
  Device,
  'type' | 'model' | 'os' | 'userAgent' | 'friendlyName' | 'clientType' | 'clientVersion' | 'provisionable'
>

const iPhones = [
  'iPhone12C1',
  'iPhone13C2',
  'iPhone14C5',
  'iPhone14C7',
  'iPhone15C2',
  'iPhone15C4',
  'iPhone16C1',
  'iPhone17C3',
]
const iPads = ['iPad11C6', 'iPad13C4', 'iPad14C3']
const iOS = [
  'iOS 16.7.10 20H350',
  'iOS 17.7.2 21H221',
  'iOS 18.1.1 22B91',
  'iOS 18.6.2 22G100',
  'iOS 26.0.1 23A355',
  'iOS 26.1 23B85',
]
const galaxies = ['SM-A546B', 'SM-S901B', 'SM-S911B', 'SM-S921B', 'SM-S938B']
const androids = ['Pixel 7', 'Pixel 8', 'Pixel 9 Pro', 'moto g54 5G', 'Nokia G42 5G', 'CPH2449']
const androidOS = ['Android 12', 'Android 13', 'Android 14', 'Android 15', 'Android 16']

/** iOS build `21E219` travels as `2105.219` in the user agent of its mail app. */
export function appleAgent(model: string, os: string) {
  const [, major = '', letter = 'A', rest = ''] = os.match(/(\d+)([A-Z])(\d+)$/) ?? []
  return `Apple-${model}/${major}${String(letter.charCodeAt(0) - 64).padStart(2, '0')}.${rest}`
}

const eas = { clientType: 'EAS', clientVersion: '16.1', provisionable: true } as const

export const apple = (type: 'iPhone' | 'iPad', model: string, os: string): Client => ({
  type,
  model,
  os,
  userAgent: appleAgent(model, os),
  ...eas,
})

export const android = (model: string, os: string): Client => ({
  type: 'Android',
  model,
  os,
  userAgent: 'Android-Mail/2026.10.12.816054321.Release',
  ...eas,
})

/** Its mail app stopped at protocol 14.1, which Exchange Online has refused since March 2026 (MC1197103). */
export const oldAndroid = (model: string, os: string): Client => ({
  ...android(model, os),
  userAgent: 'Android-EAS/0.3',
  clientVersion: '14.1',
  provisionable: false,
})

const oldAndroids = [
  oldAndroid('SM-G960F', 'Android 9'),
  oldAndroid('HUAWEI P30', 'Android 10'),
  oldAndroid('Nexus 6P', 'Android 8.1.0'),
]

export const outlook = (os: string): Client => ({
  type: 'Outlook',
  model: 'Outlook for iOS and Android',
  os,
  userAgent: os.startsWith('iOS') ? 'Outlook-iOS/2.0' : 'Outlook-Android/2.0',
  friendlyName: 'Outlook for iOS and Android',
  clientType: 'Outlook',
  clientVersion: '1.0',
  provisionable: true,
})

/** What Outlook was before its present connection; its version is no protocol's. */
const outlookOverRest = (os: string): Client => ({
  ...outlook(os),
  friendlyName: 'Outlook for iOS',
  clientType: 'REST',
  clientVersion: '161',
})

const samsung = (model: string, os: string): Client => ({
  type: 'SamsungDevice',
  model,
  os,
  userAgent: `SAMSUNG-${model}/101.${os.replace(/\D/g, '')}0000`,
  ...eas,
})

const windowsMail: Client = {
  type: 'WindowsMail',
  model: 'MSFT-WIN-3',
  os: 'Windows 10.0.19045',
  userAgent: 'MSFT-WIN-3/10.0.19045',
  ...eas,
  clientVersion: '14.1',
  provisionable: false,
}

const both = <A, B, C>(some: readonly A[], others: readonly B[], make: (one: A, other: B) => C) =>
  some.flatMap((one) => others.map((other) => make(one, other)))

/** The clients that are met, and the share of each group. Objects of one client share its texts. */
const clients: readonly (readonly [share: number, readonly Client[]])[] = [
  [0.2, iOS.map((os) => outlook(os.replace(/ \w+$/, '')))],
  [0.13, androidOS.map(outlook)],
  [0.09, iOS.map((os) => outlookOverRest(os.replace(/ \w+$/, '')))],
  [0.28, both(iPhones, iOS, (model, os) => apple('iPhone', model, os))],
  [0.05, both(iPads, iOS, (model, os) => apple('iPad', model, os))],
  [0.1, both(galaxies, androidOS, samsung)],
  [0.09, both(androids, androidOS, android)],
  [0.04, oldAndroids],
  [0.02, [windowsMail]],
]

/** A client as often as such are met. */
export function someClient({ chance, pick }: Random): Client {
  let left = chance()
  for (const [share, group] of clients) {
    left -= share
    if (left < 0) return pick(group)
  }
  return windowsMail
}

/** The id that such a client gives itself. */
export function someDeviceId(client: Client, { letters }: Random) {
  if (client.clientType !== 'EAS') return letters('0123456789ABCDEF', 32)
  if (client.type === 'iPhone' || client.type === 'iPad') return letters('0123456789ABCDEFGHIJKLMNOPQRSTUV', 26)
  if (client.type === 'SamsungDevice') return `SEC${letters('0123456789ABCDEF', 16)}`
  if (client.type === 'Android') return `androidc${letters('0123456789', 10)}`
  return letters('0123456789ABCDEF', 32)
}

/** The directory name of the partnership: Outlook's begin with the kind of its connection, `Hx` today. */
export function partnershipName(client: Pick<Device, 'clientType' | 'type'>, deviceId: string) {
  const prefix = { Outlook: 'Hx§', REST: 'REST§' }[client.clientType] ?? ''
  return `${prefix}${client.type}§${deviceId}`
}
