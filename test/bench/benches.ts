import type { Bench } from './bench.ts'
import { card } from './cards.ts'
import { find, million } from './find.ts'
import { memory } from './memory.ts'
import { notify } from './notify.ts'
import { millionInDatabase, postgres, replicas } from './postgres.ts'
import { clixml, psrp } from './psrp.ts'
import { start } from './start.ts'
import { chain, commit } from './store.ts'
import { sync } from './sync.ts'
import { tab } from './tab.ts'
import { press, turn } from './turn.ts'

/** Every row of `npm run bench`, in the order in which they are taken. */
export const benches: readonly Bench[] = [
  turn,
  press,
  card,
  start,
  commit,
  chain,
  memory,
  find,
  tab,
  sync,
  clixml,
  psrp,
  postgres,
  replicas,
  notify,
  million,
  millionInDatabase,
]
