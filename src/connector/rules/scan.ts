import { setImmediate } from 'node:timers/promises'

/** So many are looked at before whoever waits for an answer gets it. */
const slice = 500

/** Looks at every device, however many there are, without keeping anybody waiting. */
export async function scan<T>(devices: Iterable<T>, visit: (device: T) => void, signal: AbortSignal): Promise<void> {
  let count = 0
  for (const device of devices) {
    visit(device)
    count += 1
    if (count % slice > 0) continue
    await setImmediate()
    signal.throwIfAborted()
  }
}
