/** `npm run migrate-store`: moves what lies in DATA_DIR into the database of DATABASE_URL. The folder stays as it was. */

import { checkChain, showHead } from './audit/chain.ts'
import { readSettings } from './config.ts'
import { BotError } from './errors.ts'
import { openFileStore } from './store/files.ts'
import { openDatabase } from './store/postgres/migrations.ts'
import { moveStore } from './store/postgres/move.ts'
import type { LogLine } from './store/store.ts'

async function check(lines: () => AsyncIterable<LogLine>): Promise<string> {
  const { records, head } = await checkChain(lines)
  return `${records} audit records, chain whole, head ${showHead(head)}`
}

async function migrate(): Promise<string> {
  const { DATABASE_URL: url, DATA_DIR, MicrosoftAppId } = readSettings(process.env)
  if (url === undefined) throw new BotError('CONFIG_INVALID', '- DATABASE_URL: the database to move to')
  const kind = MicrosoftAppId ? 'production' : 'demo'
  const folder = DATA_DIR ?? (MicrosoftAppId ? 'data' : 'data-demo')
  const log = { warn: (...about: unknown[]) => console.error(...about) }
  const store = await openFileStore({ folder, kind, log })
  try {
    const database = await openDatabase({ url, kind, log })
    try {
      const { documents, lines, audit } = await moveStore({ folder, database, check })
      return `moved ${documents} documents and ${lines} lines of logs; ${audit}`
    } finally {
      await database.close()
    }
  } finally {
    await store.close()
  }
}

try {
  console.log(await migrate())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
