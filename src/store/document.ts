import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import { z } from 'zod'
import { deleteFile, type Folder, isMissing, replaceFile } from './disk.ts'

/** A document as it lies in its file. */
const EnvelopeSchema = z.object({ schema: z.int().nonnegative(), id: z.string(), document: z.unknown() })

export type Envelope = z.infer<typeof EnvelopeSchema>

export const documentSuffix = '.json'

/** The file of an id: readable as far as every file system can tell it apart, unique by its digest. */
export function fileOf(id: string): string {
  const readable = id.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `${readable.slice(0, 60)}-${createHash('sha256').update(id).digest('hex').slice(0, 32)}${documentSuffix}`
}

/** Whether a file is named as `fileOf` names them. */
export const isDocument = (file: string) => /[0-9a-f]{32}\.json$/.test(file)

/** lowdb's way to the disk, made durable. */
const adapter = (folder: Folder, name: string): Adapter<Envelope | null> => ({
  async read() {
    try {
      // As a whole: given an encoding, `readFile` decodes piece by piece, which takes a quarter longer.
      const bytes = await readFile(join(folder.path, name))
      return EnvelopeSchema.parse(JSON.parse(bytes.toString()))
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  },
  write: (envelope) => replaceFile(folder, name, JSON.stringify(envelope)),
})

export async function readDocument(folder: Folder, name: string): Promise<Envelope | null> {
  const low = new Low<Envelope | null>(adapter(folder, name), null)
  await low.read()
  return low.data
}

export const writeDocument = (folder: Folder, envelope: Envelope): Promise<void> =>
  new Low<Envelope | null>(adapter(folder, fileOf(envelope.id)), envelope).write()

export const deleteDocument = (folder: Folder, id: string): Promise<void> => deleteFile(folder, fileOf(id))
