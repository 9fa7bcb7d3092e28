import type { z } from 'zod'

/** How one kind of document is stored. */
export interface Definition<T> {
  /** Name of the collection: lower-case letters and dashes. */
  readonly name: string
  /** Checks every document on its way in and out. */
  readonly schema: z.ZodType<T>
  /**
   * The `schema` number that documents carry. An older one is brought up by `upgrade` when it is read, a newer one is
   * refused with STORE_FOREIGN.
   */
  readonly version: number
  readonly upgrade?: (document: unknown, from: number) => unknown
  /** Values under which a document is found by `list`. */
  readonly indexes?: Readonly<Record<string, (document: T) => string | readonly string[] | undefined>>
  /** `false` keeps documents out of memory: they are read from where they are stored, each time. */
  readonly resident?: false
}

/**
 * Documents of one kind, of the shape that JSON keeps. Every promise of a write resolves once the write is durable; it
 * rejects with STORE_UNWRITABLE and leaves everything as it was. What is handed out is shared and frozen, or a copy.
 */
export interface Collection<T> {
  get(id: string): Promise<T | undefined>
  /** All documents, or those with this value in this index, ordered by id. */
  list(by?: { readonly index: string; readonly value: string }): Promise<readonly T[]>
  /** All documents one after the other, with their ids; what is changed meanwhile may or may not be seen. */
  scan(): AsyncIterable<readonly [id: string, document: T]>
  ids(): Promise<readonly string[]>
  /**
   * Tells which documents other processes change, in the order in which they do; without an id, any may have been changed,
   * since for a while nothing was heard. What is gone by the time it is read was deleted.
   */
  follow(told: (id: string | undefined) => void): void
  put(id: string, document: T): Promise<void>
  delete(id: string): Promise<void>
  /**
   * Applies `change` to the newest value, one change of a document at a time, and resolves to what is stored then;
   * nothing is written when it returns what it got.
   * `change` gets and returns `undefined` for a document that is not there, may throw to leave everything as it is, and
   * may be called again when another process was faster, so it must not have effects of its own.
   */
  update(id: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined>
}

/** One line of a log: `part` names the file or partition it lies in and never goes down (`2026-11`). */
export interface LogLine {
  readonly part: string
  readonly text: string
}

/** What the processes on one store know of each other. */
export interface Shared {
  /** Whether the store can be used now, as far as is known. */
  usable(): boolean
  /** How many processes use it now, this one included. */
  processes(): number
  /** Whether nobody, in any process, has taken this key within a day. Rejects with STORE_UNWRITABLE when that is not sure. */
  take(key: string): Promise<boolean>
}

/**
 * Where Device Desk keeps what it must not forget. What cannot be read rejects with STORE_UNREACHABLE. A write whose answer is
 * lost on the way rejects with STORE_OUTCOME_UNKNOWN: nobody knows whether it is done.
 */
export interface Store {
  /** Undefined: this process is the only owner; a second one is refused with STORE_BUSY. */
  readonly shared: Shared | undefined
  /**
   * Opens a collection, once; reads and checks what is stored in it. A collection that is not resident and has no index
   * is left to be checked as it is read.
   */
  open<T>(definition: Definition<T>): Promise<Collection<T>>
  /**
   * Adds one line that may depend on the last one; lines are written in the order of the calls, durable when resolved.
   * When it rejects with STORE_UNWRITABLE, nothing of the line is kept. `make` may be called again, like a `change`.
   */
  append<L extends LogLine>(log: string, make: (last: LogLine | undefined) => L): Promise<L>
  /** All lines of a log from `fromPart` on, in order. */
  read(log: string, fromPart?: string): AsyncIterable<LogLine>
  /** All lines of a log, the newest first. */
  readBack(log: string): AsyncIterable<LogLine>
  /** Deletes the parts before this one; the last line of a log always stays. */
  dropBefore(log: string, part: string): Promise<void>
  close(): Promise<void>
}
