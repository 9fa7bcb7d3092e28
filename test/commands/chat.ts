import assert from 'node:assert/strict'
import { createOnlineTransport } from '../../src/connector/online/rest.ts'
import type { Cmdlet, Row } from '../../src/connector/transport.ts'
import { createTokens } from '../../src/tokens.ts'
import { eventually, type Json, type TestDesk, textOf } from '../desk.ts'

/** A card as somebody sees it, with what it reads like and what can be done with it. */
export interface Seen {
  readonly id: string
  readonly card: Json
  readonly text: string
}

/** Somebody in a conversation with the bot. */
export function chatOf(desk: Pick<TestDesk, 'teams' | 'logged'>, who: string, where = 'personal') {
  const seen = (id: string, card: Json): Seen => ({ id, card, text: textOf(card) })

  async function press({ id }: Seen, verb: string, data: object = {}): Promise<Seen> {
    const { status, body } = await desk.teams.press(who, where, id, verb, data)
    const { statusCode, value } = body as Json
    assert.deepEqual([status, statusCode], [200, 200], `${verb}: ${desk.logged.at(-1)}`)
    return seen(id, value)
  }

  return {
    async say(text: string): Promise<Seen> {
      const { status, posted } = await desk.teams.say(who, where, text)
      const answers = posted.filter(({ replyToId }) => replyToId !== undefined)
      assert.deepEqual([status, answers.length], [200, 1], `${text}: ${desk.logged.at(-1)}`)
      const { id, attachments } = answers[0] as Json
      return seen(id, attachments[0].content)
    },

    press,

    /** Presses a button by its title, with what was typed into the inputs. */
    click(card: Seen, title: string | RegExp, typed: object = {}): Promise<Seen> {
      const found = (card.card.actions ?? []).find((action: Json) =>
        typeof title === 'string' ? action.title === title : title.test(action.title),
      )
      assert.ok(found, `no button ${title} on:\n${card.text}`)
      return press(card, found.verb, { ...found.data, ...typed })
    },

    /** The newest message that the bot sent and that reads so. */
    finds: (pattern: RegExp): Promise<Seen> =>
      eventually(() => {
        const cards = desk.teams.messages(who, where).map((one: Json) => seen(one.id, one.attachments[0]?.content))
        return cards.findLast(({ text }) => pattern.test(text))
      }),

    /** The message as it stands now, once it reads so. */
    reads: ({ id }: Pick<Seen, 'id'>, pattern: RegExp): Promise<Seen> =>
      eventually(() => {
        const message = desk.teams.messages(who, where).find((one) => one.id === id) as Json
        const now = seen(id, message?.attachments[0]?.content)
        return pattern.test(now.text) && now
      }),
  }
}

export type Chat = ReturnType<typeof chatOf>

/** Somebody who works with Exchange itself, behind the bot's back. */
export async function adminOf(desk: TestDesk, name = 'Contoso') {
  const { address, authority, tenant, clientId, secret } = (await desk.control('GET', 'organizations')).find(
    (one: Json) => one.name === name,
  )
  const tokens = createTokens({
    login: `${authority}/${tenant}`,
    scope: `${address}/.default`,
    identity: { clientId, secret },
    now: () => new Date(),
  })
  const transport = createOnlineTransport({ address, tenant, tokens, warn: () => {} })
  return async (cmdlet: string, parameters: Cmdlet['parameters'] = {}): Promise<Row[]> => {
    const rows: Row[] = []
    for await (const row of transport.invoke({ name: cmdlet, parameters }, AbortSignal.timeout(60_000))) rows.push(row)
    return rows
  }
}

export type Admin = Awaited<ReturnType<typeof adminOf>>

/** The cmdlets that reached Exchange and change something, since the last call; a session's own settings do not. */
export function writesOf(desk: TestDesk) {
  let seen = 0
  return async (): Promise<{ cmdlet: string; parameters: Json }[]> => {
    const calls: Json[] = await desk.control('GET', 'calls')
    const fresh = calls.filter(({ n }) => n > seen)
    seen = Math.max(seen, ...calls.map(({ n }) => n))
    return fresh
      .filter(({ cmdlet }) => !/^(Get-|Set-ADServerSettings$)/.test(cmdlet))
      .map(({ cmdlet, parameters }) => ({ cmdlet, parameters }))
  }
}
