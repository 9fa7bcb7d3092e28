import { createHash } from 'node:crypto'
import { type Device, exemptionOf, type Owner } from '../inventory/device.ts'
import type { Kind, Wipe } from './request.ts'
import { effectTexts } from './texts.ts'

/** Outlook for iOS and Android erases its own data only ("Perform a remote wipe on a mobile phone", Exchange). */
export const isOutlook = ({ clientType }: Pick<Device, 'clientType'>) =>
  clientType === 'Outlook' || clientType === 'REST'

/** Only protocol 16.1 carries AccountOnlyRemoteWipe (MS-ASPROV 2.2.2.1), and the server must offer it. */
export function takesAccountWipe({ clientType, clientVersion }: Device, serverCanAccountWipe: boolean): boolean {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)$/.exec(clientVersion ?? '') ?? []
  const newEnough = Number(major) > 16 || (Number(major) === 16 && Number(minor) >= 1)
  return clientType === 'EAS' && newEnough && serverCanAccountWipe
}

/** Why a kind of wipe cannot be had on this client, and what can; `name` is the device's. */
export function whyImpossible(
  kind: Kind,
  name: string,
  device: Device,
  serverCanAccountWipe: boolean,
): string | undefined {
  if (kind === 'wipe') return undefined
  if (isOutlook(device))
    return `${name} is Outlook mobile, which only erases its own data: use “wipe ${name} <reason>”.`
  if (takesAccountWipe(device, serverCanAccountWipe)) return undefined
  const speaks = device.clientVersion === undefined ? 'its version is not known' : `it speaks ${device.clientVersion}`
  return `Account data alone cannot be wiped on ${name}: that needs Exchange 2016 or later and Exchange ActiveSync 16.1, and ${speaks}; “wipe ${name} <reason>” erases the whole phone.`
}

/** What a wipe erases on this client. Whatever is not surely Outlook or account-only erases the whole phone. */
export const effectOf = (kind: Kind, device: Device): Wipe['effect'] =>
  kind === 'wipe-account' ? 'account' : isOutlook(device) ? 'app' : 'phone'

/** A device that was silent for so long probably never hears of the wipe. */
const longSilence = 30 * 24 * 60 * 60_000

/** What keeps the wipe from arriving, and what to do about it first. */
export function obstaclesOf(device: Device, owner: Owner, now: Date): string[] {
  const { lastSync } = device.statistics ?? {}
  const obstacles: (string | false)[] = [
    owner.kind === 'SharedMailbox' &&
      'The mailbox is shared: no device gets a wipe through it. Make it a user mailbox first.',
    owner.accountDisabled === true &&
      'The account is disabled: the device cannot sign in to get the wipe. Enable it until the wipe is acknowledged.',
    owner.activeSync === false &&
      !isOutlook(device) &&
      'ActiveSync is off for the mailbox: the wipe cannot arrive. Turn it on first.',
    owner.outlookMobile === false &&
      isOutlook(device) &&
      'Outlook mobile is off for the mailbox: the wipe cannot arrive. Turn it on first.',
    (device.state === 'Blocked' || exemptionOf(device, owner) === 'blocked') &&
      'The device is blocked: the wipe cannot arrive. Allow it first, wipe, then block.',
    device.statistics?.remoteWipe === false && 'The device says that it does not support a remote wipe.',
    device.statistics !== undefined &&
      lastSync === undefined &&
      'The device never synchronized: it will probably not get the wipe.',
    lastSync !== undefined &&
      now.getTime() - Date.parse(lastSync) > longSilence &&
      'The device has been silent for over a month: it will probably not get the wipe.',
  ]
  return obstacles.filter((text) => text !== false)
}

/** Names what is approved: when any of it is different, the approval is not for that. */
export function digestOf({
  kind,
  connector,
  guid,
  deviceId,
  owners,
  clientType,
  clientVersion,
  effect,
  obstacles,
}: Wipe): string {
  const who = owners.map(({ mailbox, entraId, addresses }) => [mailbox, entraId, [...addresses].sort()])
  const what = [kind, connector, guid, deviceId, who.sort(), clientType, clientVersion, effect, obstacles]
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16)
}

/** What is different now, in words, for the people who approved something else. */
export function differences(before: Wipe, now: Wipe): string[] {
  const owners = (wipe: Wipe) =>
    wipe.owners
      .map(({ name }) => name)
      .sort()
      .join(', ')
  const differing: (string | false)[] = [
    before.deviceId !== now.deviceId && `its device id, now ${now.deviceId}`,
    owners(before) !== owners(now) && `its owners, now ${owners(now)}`,
    `${before.clientType} ${before.clientVersion}` !== `${now.clientType} ${now.clientVersion}` &&
      `its client, now ${now.clientType} ${now.clientVersion}`,
    before.effect !== now.effect && `what is erased: ${effectTexts[now.effect]}`,
    before.obstacles.join() !== now.obstacles.join() && 'what keeps the wipe from arriving',
  ]
  const said = differing.filter((text) => text !== false)
  return said.length > 0 ? said : ['what is known of its owners']
}
