import { ProtocolError } from './xml.ts'

/** ObjectId, FragmentId, flags and length of the blob, all big-endian ([MS-PSRP] 2.2.4). */
const headerLength = 21
const flags = { start: 1, end: 2 } as const

/** Numbers the messages of one direction of one pool, and cuts each into fragments of at most `size` bytes. */
export function createFragmenter() {
  let lastObject = 0n
  return (message: Uint8Array, size: number): Buffer[] => {
    lastObject += 1n
    const blobSize = Math.max(1, size - headerLength)
    const count = Math.max(1, Math.ceil(message.length / blobSize))
    return Array.from({ length: count }, (_, index) => {
      const blob = message.subarray(index * blobSize, (index + 1) * blobSize)
      const header = Buffer.alloc(headerLength)
      header.writeBigUInt64BE(lastObject, 0)
      header.writeBigUInt64BE(BigInt(index), 8)
      header.writeUInt8((index === 0 ? flags.start : 0) | (index === count - 1 ? flags.end : 0), 16)
      header.writeUInt32BE(blob.length, 17)
      return Buffer.concat([header, blob])
    })
  }
}

export interface Defragmenter {
  /** Takes bytes as they come, cut anywhere, and returns the messages that they complete. */
  push(bytes: Uint8Array): Buffer[]
  /** An answer was lost and asked for again: what comes next must follow what came last, or something is missing. */
  afterLoss(): void
  /** Whether a message has begun that is not complete. */
  pending(): boolean
}

/** Joins the fragments of one direction of one pool to messages, which may come interleaved. */
export function createDefragmenter(maxMessage: number): Defragmenter {
  const open = new Map<bigint, { blobs: Buffer[]; length: number }>()
  let rest = Buffer.alloc(0)
  let lastObject = 0n
  let isStrict = false

  const take = (objectId: bigint, fragmentId: bigint, flag: number, blob: Buffer): Buffer | undefined => {
    const isStart = (flag & flags.start) !== 0
    const draft = isStart ? { blobs: [], length: 0 } : open.get(objectId)
    if (!draft || (isStart && open.has(objectId)) || BigInt(draft.blobs.length) !== fragmentId)
      throw new ProtocolError('A fragment out of order')
    if (isStrict && (isStart ? objectId !== lastObject + 1n || open.size > 0 : objectId !== lastObject))
      throw new ProtocolError('A message is missing')
    isStrict = false
    lastObject = objectId
    draft.blobs.push(blob)
    draft.length += blob.length
    if (draft.length > maxMessage) throw new ProtocolError(`A message of more than ${maxMessage} bytes`)
    if ((flag & flags.end) === 0) {
      open.set(objectId, draft)
      return undefined
    }
    open.delete(objectId)
    return Buffer.concat(draft.blobs)
  }

  return {
    push(bytes) {
      rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes])
      const messages: Buffer[] = []
      while (rest.length >= headerLength) {
        const length = rest.readUInt32BE(17)
        if (length > maxMessage) throw new ProtocolError(`A message of more than ${maxMessage} bytes`)
        if (rest.length < headerLength + length) break
        const blob = rest.subarray(headerLength, headerLength + length)
        const message = take(rest.readBigUInt64BE(0), rest.readBigUInt64BE(8), rest.readUInt8(16), blob)
        if (message) messages.push(message)
        rest = rest.subarray(headerLength + length)
      }
      return messages
    },
    afterLoss: () => {
      isStrict = true
    },
    pending: () => rest.length > 0 || open.size > 0,
  }
}
