import type { Device, Owner } from '../../src/inventory/device.ts'

const first = ['Adele', 'Bruno', 'Carla', 'Dmitri', 'Élodie', 'Farid', 'Gül', 'Hanna', 'Ines', 'José', 'Kim', 'Luca']
const last = ['Vance', 'Müller', "O'Brien", 'Duarte', 'Haddad', 'Lind', 'Nakamura', 'Øster', 'Price', 'van Dyk']
const makes = [
  ['iPhone', 'iPhone14C5', 'iOS 17.4 21E219', 'EAS', '16.1'],
  ['iPhone', 'iPhone 5', 'iOS 10.3.4 14G61', 'EAS', '16.0'],
  ['iPad', 'iPad13C1', 'iOS 15.8 19H370', 'EAS', '16.1'],
  ['Android', 'SM-G991B', 'Android 13', 'EAS', '14.1'],
  ['SamsungDevice', 'Galaxy S23', 'Android 14', 'EAS', '16.1'],
  ['Outlook', 'Outlook for iOS and Android', 'iOS 17.5', 'Outlook', '1.0'],
  ['Outlook', 'Outlook for iOS and Android', 'Android 9', 'REST', '161'],
] as const
const states = ['Allowed', 'Allowed', 'Allowed', 'Blocked', 'Quarantined'] as const

/** Numbers that look like chance and are the same each time. */
export function numbersFrom(seed: number) {
  let state = seed >>> 0
  return (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below
  }
}

const hex = (random: (below: number) => number, length: number) =>
  Array.from({ length }, () => Math.floor(random(16)).toString(16)).join('')

export const guidOf = (random: (below: number) => number) =>
  [8, 4, 4, 4, 12].map((length) => hex(random, length)).join('-')

/** An organization as Exchange might have it: so many devices, and fewer owners. */
export function organization(devices: number, seed = 1, connector = 'Contoso') {
  const random = numbersFrom(seed)
  const one = <T>(list: readonly T[]): T => list[Math.floor(random(list.length))] as T
  const at = (days: number) => new Date(Date.UTC(2026, 5, 1) - Math.floor(days * 86_400_000)).toISOString()
  const owners = Array.from({ length: Math.max(1, Math.ceil(devices * 0.7)) }, (_, n): Owner => {
    const [given, family] = [one(first), one(last)]
    const alias = `${given}.${family}${n}`
      .normalize('NFKD')
      .replace(/[^\w.]/g, '')
      .toLowerCase()
    const mail = `${alias}@contoso.com`
    return {
      connector,
      mailbox: guidOf(random),
      name: alias,
      displayName: `${given} ${family}`,
      alias,
      upn: mail,
      mail,
      entraId: guidOf(random),
      kind: random(20) < 1 ? 'SharedMailbox' : 'UserMailbox',
      distinguishedName: `CN=${alias},OU=${one(['Sales', 'Plant', 'Board'])},OU=Staff,DC=contoso,DC=com`,
      activeSync: true,
      outlookMobile: true,
    }
  })
  const list = Array.from({ length: devices }, (): Device => {
    const [type, model, os, clientType, clientVersion] = one(makes)
    const seen = at(random(300))
    return {
      connector,
      guid: guidOf(random),
      deviceId: clientType === 'EAS' ? `${type.slice(0, 4)}${hex(random, 10).toUpperCase()}` : hex(random, 32),
      mailbox: one(owners).mailbox,
      type,
      model,
      os,
      osLanguage: one(['en', 'de', 'pt-BR']),
      userAgent: `Apple-${model}/2104.219`,
      ...(random(4) < 1 && { imei: String(Math.floor(random(1e15))).padStart(15, '3') }),
      ...(random(4) < 1 && { phone: `+49 170 ${Math.floor(random(1e7))}` }),
      clientType,
      clientVersion,
      state: one(states),
      reason: 'Global',
      firstSync: at(300 + random(300)),
      changed: at(random(300)),
      statistics: {
        read: at(0),
        lastSync: seen,
        lastAttempt: seen,
        policy: 'Default',
        policyStatus: 'AppliedInFull',
        policyUpdated: at(random(300)),
        status: 'DeviceOk',
        remoteWipe: true,
        wipe: {},
        accountWipe: {},
      },
    }
  })
  return { owners, devices: list }
}
