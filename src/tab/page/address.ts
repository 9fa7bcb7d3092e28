/** What narrows a page, by name. */
export type Given = Readonly<Record<string, string>>

/** The page and what narrows it stand in the address, `#/fleet?state=Blocked`, and so survive a reload. */
export function readAddress(): { name: string; given: Given } {
  const [name = '', query = ''] = location.hash.slice('#/'.length).split('?')
  return { name, given: Object.fromEntries(new URLSearchParams(query)) }
}

export function addressOf(name: string, given: Given): string {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== '')).toString()
  return query === '' ? `#/${name}` : `#/${name}?${query}`
}

/** The page that is open is narrowed by this now. */
export const keepInAddress = (given: Given): void =>
  history.replaceState(null, '', addressOf(readAddress().name, given))
