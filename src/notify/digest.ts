import type { Outbox } from '../events/outbox.ts'
import type { Work } from '../store/work.ts'

const hour = 60 * 60_000
const week = 7 * 24 * hour
/** Monday, 7 o'clock UTC, of the first week that Unix counts. */
const monday = Date.UTC(1970, 0, 5, 7)
/** A digest that could not be told for so long is not told any more. */
const lateness = 24 * hour

/** Publishes the event of the weekly digest, once a week. */
export async function startDigest({ outbox, work, now }: { outbox: Outbox; work: Work; now: () => Date }) {
  work.on('digest', async () => {
    const latest = monday + Math.floor((now().getTime() - monday) / week) * week
    const at = new Date(latest).toISOString()
    if (now().getTime() - latest < lateness)
      await outbox.publish({
        key: `digest ${at}`,
        kinds: ['digest'],
        at,
        subject: { of: 'site' },
        story: `digest ${at}`,
        title: 'The week in devices',
        text: 'Here is how the fleet is.',
        read: { verb: 'digest', data: {} },
        whole: true,
      })
    await work.due('digest', 'week', new Date(latest + week))
  })
  await work.due('digest', 'week')
}
