import { BotError, isBotError } from '../errors.ts'
import { firstOf } from '../store/lines.ts'
import type { LogLine, Store } from '../store/store.ts'
import {
  type AuditEntry,
  type AuditRecord,
  auditLog,
  checkChain,
  dropCommand,
  emptyHead,
  type Head,
  headBefore,
  headOf,
  readRecord,
  sealRecord,
  showHead,
} from './chain.ts'

/** Append-only record of every attempt, each chained to the one before in the order of the calls. */
export interface Audit {
  /** Resolves once the record is durable: await it before the change that it announces. Throws AUDIT_UNWRITABLE. */
  record(entry: AuditEntry): Promise<AuditRecord>
  /** Records a look-up without anybody waiting for it; one that cannot be recorded is counted and said in the log. */
  note(entry: AuditEntry): void
  /** Whether the last attempt to write was a success. */
  writable(): boolean
  /** The newest durable record. */
  head(): Head
  /** Records since a time that contain a text, the newest first, or the newest before the one of a number. */
  recent(filter?: {
    readonly since?: Date | undefined
    readonly text?: string | undefined
    readonly before?: number | undefined
  }): AsyncIterable<AuditRecord>
  /** Reads the whole record anew. Throws BrokenChain where it is not as it was written. */
  check(): Promise<{ records: number; head: Head }>
  /** Drops whole months that are older than the days to be kept. */
  prune(): Promise<void>
}

const day = 24 * 60 * 60 * 1000

const monthOf = (time: string) => time.slice(0, 7)

const textOf = ({ who, command, target, outcome, reason, note }: AuditRecord) =>
  [who?.id, command, target, outcome, reason, note].join(' ').toLowerCase()

function recordOf({ part, text }: LogLine): AuditRecord {
  try {
    return readRecord(text)
  } catch (cause) {
    const why = `an audit record of ${part} is damaged; \`npm run audit:verify\` names it, restore it from a backup`
    throw new BotError('STORE_FOREIGN', why, { cause })
  }
}

/** Opens the audit record of a store. `days` is how long records are kept; without it, for ever. */
export async function createAudit(options: {
  readonly store: Store
  readonly now: () => number
  readonly days?: number | undefined
  readonly log?: { warn(message: string): void }
}): Promise<Audit> {
  const { store, now, days, log } = options
  const last = await firstOf(store.readBack(auditLog))
  let head = last ? headOf(recordOf(last)) : emptyHead
  let newest: ReturnType<typeof sealRecord> | undefined
  let writable = true
  let missed = 0

  function makeLine(entry: AuditEntry, last: LogLine | undefined) {
    const before = last && (last.text === newest?.text ? newest.record : recordOf(last))
    newest = sealRecord(entry, before ?? emptyHead, new Date(now()))
    const month = monthOf(newest.record.at)
    // A clock that is set back does not bring an old month back.
    return { part: last && last.part > month ? last.part : month, ...newest }
  }

  async function record(entry: AuditEntry): Promise<AuditRecord> {
    try {
      const { record } = await store.append(auditLog, (last) => makeLine(entry, last))
      if (!writable) log?.warn(`The audit record can be written again; ${missed} look-ups are missing from it.`)
      writable = true
      missed = 0
      head = headOf(record)
      return record
    } catch (cause) {
      if (!isBotError(cause, 'STORE_UNWRITABLE', 'STORE_OUTCOME_UNKNOWN')) throw cause
      if (writable)
        log?.warn(`The audit record cannot be written (${cause.cause}); nothing that changes anything runs.`)
      writable = false
      throw new BotError('AUDIT_UNWRITABLE', '', { cause })
    }
  }

  return {
    record,

    note(entry) {
      record(entry).catch((error) => {
        if (isBotError(error, 'AUDIT_UNWRITABLE')) missed += 1
        else log?.warn(`A look-up could not be recorded: ${error}`)
      })
    },

    writable: () => writable,

    head: () => head,

    async *recent({ since, text, before = Number.POSITIVE_INFINITY } = {}) {
      const from = since?.toISOString() ?? ''
      const wanted = text?.toLowerCase() ?? ''
      for await (const line of store.readBack(auditLog)) {
        if (line.part < monthOf(from)) return
        const found = recordOf(line)
        if (found.n < before && found.at >= from && textOf(found).includes(wanted)) yield found
      }
    },

    check: () => checkChain(() => store.read(auditLog)),

    async prune() {
      if (days === undefined) return
      const month = monthOf(new Date(now() - days * day).toISOString())
      const oldest = await firstOf(store.read(auditLog))
      if (!oldest || oldest.part >= month) return
      const kept = await firstOf(store.read(auditLog, month))
      const dropped = kept ? headBefore(recordOf(kept)) : head
      const entry = { who: null, command: dropCommand, target: showHead(dropped) }
      const { n } = await record({ ...entry, outcome: 'started' })
      await store.dropBefore(auditLog, month)
      await record({ ...entry, outcome: 'done', of: n })
    },
  }
}
