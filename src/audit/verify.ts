/** `npm run audit:verify [-- --head n:hash]`: whether the audit record is whole. Needs no lock, so the bot may run. */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readLog } from '../store/lines.ts'
import { connectTo } from '../store/postgres/database.ts'
import { createLog } from '../store/postgres/lines.ts'
import type { LogLine } from '../store/store.ts'
import { auditLog, BrokenChain, checkChain, HeadSchema, showHead } from './chain.ts'

const url = process.env.DATABASE_URL
const folder = join(process.env.DATA_DIR || (process.env.MicrosoftAppId ? 'data' : 'data-demo'), auditLog)

/** Works with the record, wherever it lies. */
async function withLines<T>(work: (lines: () => AsyncIterable<LogLine>) => Promise<T>): Promise<T> {
  if (!url) return work(() => readLog(folder))
  const database = connectTo(url, { warn() {} })
  const log = createLog(database, auditLog)
  return work(() => log.read()).finally(database.close)
}

async function verify(): Promise<string> {
  const { values } = parseArgs({ options: { head: { type: 'string' } } })
  const known = HeadSchema.optional().parse(values.head)
  const { records, head } = await withLines((lines) => checkChain(lines, known))
  return `head ${showHead(head)}\n${records} records, chain whole`
}

/** What was wrong, for the person at the terminal. */
function explain(error: unknown): string {
  if (error instanceof BrokenChain) return error.message
  if (error instanceof z.ZodError) return z.prettifyError(error)
  const [place, setting] = url ? ['the database', 'DATABASE_URL'] : [folder, 'DATA_DIR']
  return `${place} cannot be read (${error instanceof Error ? error.message : error}); set ${setting} as for the bot`
}

try {
  console.log(await verify())
} catch (error) {
  console.log(explain(error))
  process.exitCode = 1
}
