import type { Answer } from '../bot.ts'
import type { Outcome } from '../outcome.ts'
import type { Everything, News } from '../page.ts'

export type Shown = Answer & { readonly outcome: Outcome }

/** Sends what this person does to the sandbox. */
export const post = async (name: string, body: object): Promise<Shown> => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`/_sandbox/${name}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (response.ok) return response.json()
  const { error } = await response.json()
  throw new Error(error.message)
}

/** Hears what this person can see, all of it first and anew whenever the connection was lost. */
export const listen = (
  person: string,
  on: { everything: (all: Everything) => void; news: (news: News) => void; connected: (connected: boolean) => void },
) => {
  const source = new EventSource(`/_sandbox/events?person=${encodeURIComponent(person)}`)
  source.addEventListener('everything', ({ data }) => on.everything(JSON.parse(data)))
  source.addEventListener('news', ({ data }) => on.news(JSON.parse(data)))
  source.addEventListener('open', () => on.connected(true))
  source.addEventListener('error', () => on.connected(false))
  return () => source.close()
}
