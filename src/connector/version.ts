import { z } from 'zod'
import type { Transport } from './transport.ts'

/** A build of Exchange: `Version 15.2 (Build 1748.10)` is 15.2.1748.10. */
export const VersionSchema = z.object({
  major: z.number(),
  minor: z.number(),
  build: z.number(),
  revision: z.number(),
})

export type Version = z.infer<typeof VersionSchema>

/** Reads AdminDisplayVersion, of a server `Version 15.2 (Build 1748.10)`, of Exchange Online `0.20 (15.20.9298.13)`. */
export function readVersion(text: string): Version | undefined {
  const [, major, minor, build, revision] =
    /(\d+)\.(\d+) \(Build (\d+)\.(\d+)\)/.exec(text) ?? /(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []
  return major === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor), build: Number(build), revision: Number(revision) }
}

interface Product {
  readonly name: string
  /** Its first build, by major, minor and build number; it ends where the next product begins. */
  readonly from: readonly [major: number, minor: number, build: number]
  /** What a build number is the release of, in the order of the releases. */
  readonly releases: Readonly<Record<string, number>>
}

const updates = (...builds: readonly number[]) =>
  Object.fromEntries(builds.map((build, position): [string, number] => [`CU${position + 1}`, build]))

/** "Exchange Server build numbers and release dates"; a server shows its cumulative update and not what was put on top. */
const products: readonly Product[] = [
  ...[0, 1, 2, 3].map((minor) => ({ name: 'Exchange 2007', from: [8, minor, 0], releases: {} }) as const),
  { name: 'Exchange 2010', from: [14, 0, 0], releases: {} },
  { name: 'Exchange 2010 SP1', from: [14, 1, 0], releases: {} },
  { name: 'Exchange 2010 SP2', from: [14, 2, 0], releases: {} },
  { name: 'Exchange 2010 SP3', from: [14, 3, 0], releases: {} },
  {
    name: 'Exchange 2013',
    from: [15, 0, 0],
    releases: {
      RTM: 516,
      ...updates(
        ...[620, 712, 775, 847, 913, 995, 1044, 1076, 1104, 1130, 1156, 1178],
        ...[1210, 1236, 1263, 1293, 1320, 1347, 1365, 1367, 1395, 1473, 1497],
      ),
    },
  },
  {
    name: 'Exchange 2016',
    from: [15, 1, 0],
    releases: {
      RTM: 225,
      ...updates(
        ...[396, 466, 544, 669, 845, 1034, 1261, 1415, 1466, 1531, 1591, 1713],
        ...[1779, 1847, 1913, 1979, 2044, 2106, 2176, 2242, 2308, 2375, 2507],
      ),
    },
  },
  {
    name: 'Exchange 2019',
    from: [15, 2, 0],
    releases: {
      RTM: 221,
      ...updates(...[330, 397, 464, 529, 595, 659, 721, 792, 858, 922, 986, 1118, 1258, 1544, 1748]),
    },
  },
  { name: 'Exchange Subscription Edition', from: [15, 2, 2562], releases: { RTM: 2562 } },
  { name: 'Exchange Online', from: [15, 20, 0], releases: {} },
]

/** Whether a version is this one or a later one. */
const isSince = ({ major, minor, build }: Version, [fromMajor, fromMinor, fromBuild]: Product['from']) =>
  major !== fromMajor ? major > fromMajor : minor !== fromMinor ? minor > fromMinor : build >= fromBuild

/** `Exchange 2019 CU15, build 1748.10`; of a build that is not in the table only what is sure: `Exchange 2019, build 1600.2`. */
export function productOf(version: Version): string {
  const isOf = ({ from: [major, minor] }: Product) => major === version.major && minor === version.minor
  const product = products.findLast((one) => isOf(one) && isSince(version, one.from))
  const [release] = Object.entries(product?.releases ?? {}).find(([, build]) => build === version.build) ?? []
  const name = [product?.name ?? `Exchange ${version.major}.${version.minor}`, release].filter(Boolean).join(' ')
  return `${name}, build ${version.build}.${version.revision}`
}

/** Exchange 2010 SP1 brought allow, block and quarantine; what is older cannot be worked with. */
export const isSupported = (version: Version) => isSince(version, [14, 1, 0])

/** Clear-MobileDevice has AccountOnly since Exchange 2016. */
export const hasAccountOnly = (version: Version) => isSince(version, [15, 1, 0])

/** Set-CASMailbox has ResetAutoBlockedDevices, and devices are called mobile devices, since Exchange 2013. */
export const isSince2013 = (version: Version) => isSince(version, [15, 0, 0])

/** What Exchange 2010 calls the cmdlets that were renamed with Exchange 2013. */
const names2010: Readonly<Record<string, string>> = {
  'Get-MobileDevice': 'Get-ActiveSyncDevice',
  'Get-MobileDeviceStatistics': 'Get-ActiveSyncDeviceStatistics',
  'Clear-MobileDevice': 'Clear-ActiveSyncDevice',
  'Remove-MobileDevice': 'Remove-ActiveSyncDevice',
  'Get-MobileDeviceMailboxPolicy': 'Get-ActiveSyncMailboxPolicy',
  'New-MobileDeviceMailboxPolicy': 'New-ActiveSyncMailboxPolicy',
  'Set-MobileDeviceMailboxPolicy': 'Set-ActiveSyncMailboxPolicy',
  'Remove-MobileDeviceMailboxPolicy': 'Remove-ActiveSyncMailboxPolicy',
}

/** The name of a cmdlet in an organization of Exchange 2010. */
export const nameIn2010 = (cmdlet: string) => names2010[cmdlet] ?? cmdlet

/** Carries cmdlets under their names of Exchange 2010. */
export const speaking2010 = (transport: Transport): Transport => ({
  ...transport,
  invoke: (cmdlet, signal) => transport.invoke({ ...cmdlet, name: nameIn2010(cmdlet.name) }, signal),
})
