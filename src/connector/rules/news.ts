import type { Event } from '../../events/event.ts'
import type { AccessChange } from './rules.ts'

/** Somebody changed, here or in Exchange, by what Exchange decides about devices. */
export const rulesNews = ({ connector, since, at, by, did }: AccessChange): Event => ({
  key: `rules ${connector} ${since} ${did}`,
  kinds: ['rules'],
  at,
  subject: { of: 'connector', connector },
  story: `rules ${connector} ${at.slice(0, 10)}`,
  title: `Access rules of ${connector}`,
  text: by === undefined ? `Not through Device Desk: somebody ${did}.` : `${by} ${did}.`,
  tone: by === undefined ? 'warning' : 'default',
  read: { verb: 'rules', data: { connector } },
})
