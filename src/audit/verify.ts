/** `npm run audit:verify [-- --head n:hash]`: whether the audit record is whole. Needs no lock, so the bot may run. */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readLog } from '../store/lines.ts'
import { auditLog, BrokenChain, checkChain, HeadSchema, showHead } from './chain.ts'

const folder = join(process.env.DATA_DIR || (process.env.MicrosoftAppId ? 'data' : 'data-demo'), auditLog)

async function verify(): Promise<string> {
  const { values } = parseArgs({ options: { head: { type: 'string' } } })
  const known = HeadSchema.optional().parse(values.head)
  const { records, head } = await checkChain(() => readLog(folder), known)
  return `head ${showHead(head)}\n${records} records, chain whole`
}

/** What was wrong, for the person at the terminal. */
function explain(error: unknown): string {
  if (error instanceof BrokenChain) return error.message
  if (error instanceof z.ZodError) return z.prettifyError(error)
  return `${folder} cannot be read (${error instanceof Error ? error.message : error}); set DATA_DIR as for the bot`
}

try {
  console.log(await verify())
} catch (error) {
  console.log(explain(error))
  process.exitCode = 1
}
