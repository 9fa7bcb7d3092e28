import type { Bench } from './bench.ts'
import { card } from './cards.ts'
import { clixml, psrp } from './psrp.ts'
import { press, turn } from './turn.ts'

/** Every row of `npm run bench`, in the order in which they are taken. */
export const benches: readonly Bench[] = [turn, press, card, clixml, psrp]
