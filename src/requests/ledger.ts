import { z } from 'zod'
import { BotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { isOpen, isUndone, type Request } from './request.ts'

/** Who asked, and about what nobody else may ask meanwhile. */
const ClaimSchema = z.object({
  id: z.string(),
  requester: z.string(),
  about: z.string().optional(),
  at: z.iso.datetime(),
})
const LedgerSchema = z.object({ last: z.int(), claims: z.array(ClaimSchema) })

type Claim = z.infer<typeof ClaimSchema>
type Ledger = z.infer<typeof LedgerSchema>

const first: Ledger = { last: 1000, claims: [] }
const mostUndone = 10
/** After so long a claim without its request is one whose process was killed in between, in milliseconds. */
const leftover = 60_000

/**
 * The next number, claimed for one requester and one subject. `known` are the requests of earlier claims, as far as they are
 * stored; a claim that is newer than that is believed. Throws REQUEST_EXISTS or REQUEST_TOO_MANY.
 */
export function claim(
  ledger: Ledger,
  wish: Omit<Claim, 'id'>,
  known: ReadonlyMap<string, Request>,
): { ledger: Ledger; id: string } {
  const isYoung = ({ at }: Claim) => Date.parse(wish.at) - Date.parse(at) < leftover
  const goesOn = (one: Claim, test: (request: Request) => boolean) => {
    const request = known.get(one.id)
    return request === undefined ? isYoung(one) : test(request)
  }
  const claims = ledger.claims.filter((one) => goesOn(one, isOpen))
  const other = claims.find(({ about }) => about !== undefined && about === wish.about)
  if (other !== undefined) throw new BotError('REQUEST_EXISTS', other.id)
  if (claims.filter((one) => one.requester === wish.requester && goesOn(one, isUndone)).length >= mostUndone)
    throw new BotError('REQUEST_TOO_MANY')
  const id = `R${ledger.last + 1}`
  return { ledger: { last: ledger.last + 1, claims: [...claims, { ...wish, id }] }, id }
}

/** Gives requests their numbers, in one update: one open request about a device, ten undone ones of a requester. */
export async function openLedger(store: Store, find: (id: string) => Promise<Request | undefined>) {
  const stored = await store.open({ name: 'ledger', schema: LedgerSchema, version: 1 })
  const key = 'requests'

  return async function number(wish: Omit<Claim, 'id'>): Promise<string> {
    const { claims } = (await stored.get(key)) ?? first
    const found = await Promise.all(claims.map(({ id }) => find(id)))
    const known = new Map(found.flatMap((request) => (request ? [[request.id, request] as const] : [])))
    let number = ''
    await stored.update(key, (old = first) => {
      const { ledger, id } = claim(old, wish, known)
      number = id
      return ledger
    })
    return number
  }
}
