/** Cookies as they came: a load balancer finds by them the server that a page, or a session, stands on. */
export function createCookies() {
  const kept = new Map<string, string>()
  return {
    keep(set: readonly string[]) {
      for (const cookie of set) {
        const [, name, value = ''] = /^\s*([^=;]+)=([^;]*)/.exec(cookie) ?? []
        if (!name) continue
        if (value === '') kept.delete(name)
        else kept.set(name, value)
      }
    },
    /** The header that returns them. */
    header: () =>
      kept.size > 0 ? { Cookie: [...kept].map(([name, value]) => `${name}=${value}`).join('; ') } : undefined,
  }
}
