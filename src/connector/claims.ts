import { BotError } from '../errors.ts'

/** Which connector has which organization: one each, and the same for ever. */
export function createClaims() {
  const organizations = new Map<string, string>()

  /** Why a connector cannot have an organization. */
  function conflict(name: string, organization: string | undefined): string | undefined {
    if (organization === undefined) return undefined
    const own = organizations.get(name)
    if (own !== undefined && own !== organization)
      return `this is the organization ${organization}, and ${name} was set up for ${own}; remove it and add another connector`
    const [other] = [...organizations].find(([one, id]) => one !== name && id === organization) ?? []
    return other && `this is the organization of ${other}, and there can be one connector for each`
  }

  return {
    conflict,

    /** Throws CONNECTOR_REFUSED. */
    take(name: string, organization: string | undefined): void {
      const problem = conflict(name, organization)
      if (problem !== undefined) throw new BotError('CONNECTOR_REFUSED', problem)
      if (organization !== undefined) organizations.set(name, organization)
    },

    release: (name: string) => void organizations.delete(name),
  }
}
