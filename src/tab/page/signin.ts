import { app, authentication } from '@microsoft/teams-js'
import type { Session } from './api.ts'
import { setTheme } from './theme.ts'

/** Teams answers a page that it frames within this time, in milliseconds. */
const patience = 15_000

/** The sign-in of Teams: it gets the token from Entra ID, for our app and this person ("Enable SSO for tab app"). */
export async function signInWithTeams(): Promise<Session> {
  await Promise.race([
    app.initialize(),
    new Promise((_, reject) =>
      setTimeout(() => reject(new Error('Open this page in Microsoft Teams: Teams says who you are.')), patience),
    ),
  ])
  const { app: host } = await app.getContext()
  setTheme(host.theme)
  app.registerOnThemeChangeHandler(setTheme)
  app.notifySuccess()
  let token: string | undefined
  return {
    async token(refused) {
      if (refused || token === undefined || isOver(token)) token = await authentication.getAuthToken()
      return token
    },
  }
}

/** Whether a token ends within a minute; the desk itself judges the rest. */
function isOver(token: string): boolean {
  const [, , claims = ''] = /^([^.]*)\.([^.]*)\./.exec(token) ?? []
  const found = /"exp":(\d+)/.exec(atob(claims.replaceAll('-', '+').replaceAll('_', '/')))?.[1]
  return Number(found ?? 0) * 1000 < Date.now() + 60_000
}
