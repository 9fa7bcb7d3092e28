import { createTurns } from '../store/turns.ts'
import type { Change, NamedChange } from './changes.ts'
import type { Wish } from './draft.ts'
import type { Memory } from './memory.ts'
import { rowsOfSegment, type Segment, type Segments } from './segments.ts'

/** Takes changes over. The same may be handed over again after a crash; it is known by its id and must have no effect. */
export type OnChange = (changes: readonly NamedChange[]) => Promise<void>

interface Parts {
  readonly memory: Memory
  readonly segments: Segments
  readonly draft: (wish: Wish) => Segment
  readonly onChange: OnChange
  /** Told of what another process wrote, once it is known here. */
  readonly heard: (segment: Segment) => void
  readonly log: { warn(about: object, message: string): void }
}

export type Journal = Awaited<ReturnType<typeof openJournal>>

/** Reads the stored fleet and writes it on: what is different is stored first, then it is known, then told. */
export async function openJournal({ memory, segments, draft, onChange, heard, log }: Parts) {
  const turns = createTurns(1)
  /** Changes that were not handed over yet, by segment. */
  const untold = new Map<number, readonly Change[]>()
  let telling: Promise<void> = Promise.resolve()
  /** Something of another process was not heard. */
  let isBehind = false

  /** One after the other: what is done in a turn sees nothing half done. */
  const inTurn = <T>(job: () => Promise<T>): Promise<T> => turns.inTurn('fleet', job)

  function apply(number: number, segment: Segment): void {
    memory.apply(number, segment)
    hold(number, segment)
  }

  function hold(number: number, { changes }: Pick<Segment, 'changes'>): void {
    if (changes.length > 0) untold.set(number, changes)
  }

  /** Hands over what was noticed, in order; also what could not be handed over before. */
  function tell(): void {
    telling = telling.then(async () => {
      try {
        for (const [number, changes] of [...untold].sort(([a], [b]) => a - b)) {
          await onChange(changes.map((change, at) => ({ ...change, id: `${number}.${at}` })))
          await segments.settle(number)
          untold.delete(number)
        }
      } catch (error) {
        log.warn({ err: error }, 'changes could not be handed over; they are tried again with the next ones')
      }
    })
  }

  /** Adds what `make` makes of everything that was written before, whoever wrote it. */
  async function add(make: () => Segment): Promise<Segment> {
    while (true) {
      if (isBehind) await catchUp()
      const segment = make()
      if (rowsIn(segment) === 0) return segment
      const number = await segments.add(segment)
      if (number !== undefined) {
        apply(number, segment)
        return segment
      }
      isBehind = true
    }
  }

  /** Takes over what another process has done to a segment. */
  async function takeOver(number: number): Promise<void> {
    const segment = await segments.get(number)
    if (segment !== undefined && !memory.has(number)) {
      apply(number, segment)
      heard(segment)
    }
    if (segment === undefined) memory.forget(number)
    if (segment === undefined || segment.changes.length === 0) untold.delete(number)
  }

  /** Takes over everything that other processes have done. */
  async function catchUp(): Promise<void> {
    const stored = new Set(await segments.numbers())
    for (const number of stored) if (!memory.has(number)) await takeOver(number)
    for (const number of memory.numbers()) if (!stored.has(number)) await takeOver(number)
    isBehind = false
  }

  function hear(number: number | undefined): void {
    inTurn(async () => {
      if (number === undefined || isBehind) await catchUp()
      else await takeOver(number)
    }).catch((error) => {
      isBehind = true
      log.warn({ err: error }, 'what another process wrote could not be read; it is tried again with what comes next')
    })
  }

  /** Writes anew what is left of wasteful segments, and deletes those of which nothing counts. */
  async function tidy(): Promise<void> {
    try {
      const old = memory.wasteful().filter((number) => !untold.has(number))
      if (old.length > 0) await add(() => memory.rowsOf(new Set(old)))
      for (const number of memory.dead().filter((one) => !untold.has(one)))
        if (await segments.remove(number)) memory.forget(number)
    } catch (error) {
      log.warn({ err: error }, 'the stored fleet could not be tidied; it is tried again with the next write')
    }
  }

  for await (const [number, segment] of segments.all()) {
    memory.load(number, segment)
    hold(number, segment)
  }
  memory.loaded()
  await tidy()

  return {
    inTurn,

    /** Resolves when everything of the wish is durable and known, to the number of rows written. To be called in a turn. */
    async write(wish: Wish): Promise<number> {
      const segment = await add(() => draft(wish))
      const rows = rowsIn(segment)
      if (segment.changes.length > 0) tell()
      if (rows > 0) await tidy()
      return rows
    },

    tell,
    tidy,

    /** From now on, what other processes write is known here as well. */
    follow(): void {
      segments.follow(hear)
      if (segments.isShared) hear(undefined)
    },

    /** Resolves when everything that was noticed so far has been handed over, or could not be. */
    async settled(): Promise<void> {
      await inTurn(async () => {})
      await telling
    },
  }
}

const rowsIn = ({ devices, owners, gone }: Segment) => devices.length + owners.length + gone.length

/** Rows in groups that fit into one segment. */
export function* portions<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < rows.length; at += rowsOfSegment) yield rows.slice(at, at + rowsOfSegment)
}
