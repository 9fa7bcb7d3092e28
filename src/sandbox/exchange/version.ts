import type { Organization } from './model.ts'

export interface Version {
  readonly major: number
  readonly minor: number
  readonly build: number
  readonly revision: number
}

/** The last build of each product; see the build numbers page of Exchange Server. */
export const products = {
  '2010': { major: 14, minor: 3, build: 123, revision: 4 },
  '2013': { major: 15, minor: 0, build: 1497, revision: 2 },
  '2016': { major: 15, minor: 1, build: 2507, revision: 6 },
  '2019': { major: 15, minor: 2, build: 1748, revision: 10 },
  se: { major: 15, minor: 2, build: 2562, revision: 17 },
  online: { major: 15, minor: 20, build: 9298, revision: 13 },
} as const

/** Reads a product (`2016`, `SE`), a build (`15.1.2507.6`) or Exchange's own text (`Version 15.1 (Build 2507.6)`). */
export function readVersion(text: string): Version | undefined {
  const product = Object.entries(products).find(([name]) => name === text.toLowerCase())?.[1]
  const [major, minor, build = 0, revision = 0] = text.match(/\d+/g)?.map(Number) ?? []
  return product ?? (major === undefined || minor === undefined ? undefined : { major, minor, build, revision })
}

/** As `AdminDisplayVersion` shows it. */
export const displayVersion = ({ major, minor, build, revision }: Version) =>
  `Version ${major}.${minor} (Build ${build}.${revision})`

/** Where something exists. */
export type Availability = (organization: Organization) => boolean

export const online: Availability = ({ kind }) => kind === 'online'
export const onPremises: Availability = ({ kind }) => kind === 'onPremises'

const first = { 2010: [14, 0], 2013: [15, 0], 2016: [15, 1] } as const

/** From this product on, and in the cloud. */
export const since =
  (product: keyof typeof first): Availability =>
  ({ kind, version }) => {
    const [major, minor] = first[product]
    return kind === 'online' || version.major > major || (version.major === major && version.minor >= minor)
  }

export const before =
  (product: keyof typeof first): Availability =>
  (organization) =>
    !since(product)(organization)
