import type { Logger } from 'pino'
import { z } from 'zod'
import type { About, TableFile } from '../cards/card.ts'
import { csvOf } from '../cards/csv.ts'
import { isLoopback } from '../config.ts'
import type { Place } from '../notify/conversations.ts'
import type { TeamsActivity } from './activity.ts'
import type { Sender } from './sender.ts'

const AgainSchema = z.object({ verb: z.string().max(40), data: z.record(z.string(), z.string()) })

/** "Send and receive files through a bot", Teams documentation. */
const ConsentSchema = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('accept'),
    context: AgainSchema,
    uploadInfo: z.object({
      uploadUrl: z.url(),
      contentUrl: z.url(),
      name: z.string(),
      uniqueId: z.string(),
      fileType: z.string(),
    }),
  }),
  z.object({ action: z.literal('decline') }),
])

/** A piece of an upload session is a multiple of 320 KiB and at most 60 MiB ("Upload large files", Microsoft Graph). */
const pieceBytes = 32 * 320 * 1024
const patience = 60_000

/** Hands out files in personal chat: Teams asks the reader, and puts what is accepted into their OneDrive. */
export function createFiles({ sender, signal, log }: { sender: Sender; signal: AbortSignal; log: Logger }) {
  async function put(url: string, bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      const piece = bytes.subarray(from, from + pieceBytes)
      const { ok, status } = await fetch(url, {
        method: 'PUT',
        headers: { 'content-range': `bytes ${from}-${from + piece.length - 1}/${bytes.length}` },
        body: Uint8Array.from(piece),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      })
      if (!ok) throw new Error(`the file was not taken: HTTP ${status}`)
    }
  }

  return {
    /** Asks whether the file is wanted; it is made anew when it is. */
    async offer(place: Place, file: TableFile): Promise<void> {
      const content = {
        description: 'A table for a spreadsheet; it goes into your OneDrive.',
        sizeInBytes: (await bytesOf(file)).length,
        acceptContext: file.from,
        declineContext: {},
      }
      const contentType = 'application/vnd.microsoft.teams.card.file.consent'
      await sender.attach(place, file.name, { contentType, name: file.name, content })
    },

    /**
     * Puts a file where its reader wants it; `make` runs the command that the consent carries. The offer is answered then and
     * taken away ("Upload files to personal chat", step 4); where the file could not be put, it stays to be accepted again.
     */
    async answered(
      place: Place,
      { value, replyToId: offer }: Pick<TeamsActivity, 'value' | 'replyToId'>,
      make: (from: About) => Promise<TableFile | undefined>,
    ): Promise<void> {
      const consent = ConsentSchema.parse(value)
      const takeAway = async () => {
        if (offer !== undefined)
          await sender.remove(place, offer).catch((error) => log.info({ err: error }, 'an offered file still shows'))
      }
      if (consent.action === 'decline') return takeAway()
      const { context, uploadInfo } = consent
      const { uploadUrl, contentUrl, name, uniqueId, fileType } = uploadInfo
      if (!mayTake(new URL(uploadUrl), new URL(place.serviceUrl))) throw new Error('a place for files that is not safe')
      const file = await make(context)
      if (file === undefined) log.info('a file that may not be had any more')
      else await put(uploadUrl, await bytesOf(file))
      await takeAway()
      if (file === undefined) return
      const contentType = 'application/vnd.microsoft.teams.card.file.info'
      await sender.attach(place, name, { contentType, contentUrl, name, content: { uniqueId, fileType } })
    },
  }
}

async function bytesOf(file: TableFile): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of csvOf(file)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

/** Over https, or on this machine where Teams itself is. */
const mayTake = (upload: URL, service: URL) =>
  upload.protocol === 'https:' || (isLoopback(upload) && isLoopback(service))
