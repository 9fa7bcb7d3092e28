import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { BotError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { createTurns } from '../store/turns.ts'
import { type Bits, copyOf, createBits, intersect, unite } from './bits.ts'
import type { Fleet } from './fleet.ts'
import { createKept, type Kept } from './kept.ts'
import { fleetReader, type Snapshot, snapshotReader } from './reader.ts'
import { type Field, fieldsOf, parseRule, testOf } from './rule.ts'
import { fold } from './words.ts'

/** Configuration Manager's own collection of every mobile device, the root of all others. */
export const allDevices = 'All Mobile Devices'

/** Names of collections: one sees exactly the devices that are in any of them. */
export type Visible = readonly string[]

const DefinitionSchema = z.object({
  name: z.string().trim().min(1).max(100),
  /** The collection that limits it. */
  parent: z.string(),
  rule: z.string(),
  /** How many people must approve the wipe of a device in it, where that is more than elsewhere. */
  approvals: z.int().min(1).optional(),
})

export type CollectionDefinition = z.infer<typeof DefinitionSchema>

/** A collection as it is listed; the root has no parent. */
export type Collection = Omit<CollectionDefinition, 'parent'> & { readonly parent: string | undefined }

interface Entry {
  readonly definition: CollectionDefinition
  /** The devices that its own rule is true for, whatever limits it. */
  readonly kept: Kept
  readonly isTrueFor: (snapshot: Snapshot) => boolean
}

export type Collections = Awaited<ReturnType<typeof createCollections>>

const root: Collection = { name: allDevices, parent: undefined, rule: '' }
const isRoot = (name: string) => fold(name) === fold(allDevices)
const refused = (text: string) => new BotError('COLLECTION_REFUSED', text)

/** The collections of the site and the devices in each: those of the fleet for which its rule and those above are true. */
export async function createCollections(
  store: Store,
  fleet: Fleet,
  today: () => number,
  log: { warn(about: object, message: string): void },
) {
  const stored = await store.open({ name: 'collections', schema: DefinitionSchema, version: 1 })
  const turns = createTurns(1)
  const entries = new Map<string, Entry>()
  /** Entries whose devices are being looked for. */
  const coming = new Set<Entry>()
  const ofFleet = fleetReader(fleet, today)
  const ofSnapshot = snapshotReader(today)

  const entryOf = (name: string) => entries.get(fold(name))

  function entryFor(definition: CollectionDefinition): Entry {
    const rule = parseRule(definition.rule)
    const kept = createKept(fleet, testOf(rule, ofFleet), fieldsOf(rule).has('daysSinceSync') ? today : undefined)
    return { definition, kept, isTrueFor: testOf(rule, ofSnapshot) }
  }

  /** A collection and those that limit it, up to but without the root. */
  function chainOf(name: string): readonly Entry[] {
    const entry = entryOf(name)
    return entry === undefined ? [] : [entry, ...chainOf(entry.definition.parent)]
  }

  function check({ name, parent, rule }: CollectionDefinition): void {
    if (isRoot(name)) throw refused(`“${allDevices}” holds every device and stays as it is; choose another name.`)
    if (!isRoot(parent) && entryOf(parent) === undefined)
      throw refused(`There is no collection “${parent}” to limit “${name}”; “collections” shows those that there are.`)
    if (chainOf(parent).some(({ definition }) => fold(definition.name) === fold(name)))
      throw refused(`“${parent}” is limited by “${name}” itself; choose another parent.`)
    parseRule(rule)
  }

  function addMembers(bits: Bits, name: string): void {
    const [own, limit, ...others] = chainOf(name).map(({ kept }) => kept.bits())
    if (own === undefined) return
    const limits = limit === undefined || others.length === 0 ? limit : copyOf(limit)
    for (const other of others) if (limits !== undefined) intersect(limits, other)
    unite(bits, own, limits)
  }

  /** Looks for the devices of a collection, and has it once they are found. */
  async function enter(definition: CollectionDefinition): Promise<void> {
    const entry = entryFor(definition)
    coming.add(entry)
    await entry.kept.refreshInPieces()
    coming.delete(entry)
    entries.set(fold(definition.name), entry)
  }

  /** Takes over what other processes have made of the collections. */
  async function takeOver(): Promise<void> {
    const now = new Map((await stored.list()).map((definition) => [fold(definition.name), definition]))
    for (const [key, definition] of now)
      if (!isDeepStrictEqual(entries.get(key)?.definition, definition)) await enter(definition)
    for (const key of entries.keys()) if (!now.has(key)) entries.delete(key)
  }
  stored.follow(() => {
    turns
      .inTurn('collections', takeOver)
      .catch((error) => log.warn({ err: error }, 'collections that another process changed could not be read'))
  })

  for (const definition of await stored.list()) entries.set(fold(definition.name), entryFor(definition))

  /** Whether a device is in a collection, also one that the fleet no longer has. */
  function contains(name: string, snapshot: Snapshot): boolean {
    const chain = chainOf(name)
    return isRoot(name) || (chain.length > 0 && chain.every(({ isTrueFor }) => isTrueFor(snapshot)))
  }

  const list = (): readonly Collection[] => [root, ...[...entries.values()].map(({ definition }) => definition)]

  return {
    /** All collections, the root first. */
    list,
    get: (name: string): Collection | undefined => (isRoot(name) ? root : entryOf(name)?.definition),
    contains,
    /** The names of the collections that a device is in. */
    of: (snapshot: Snapshot): string[] =>
      list()
        .map(({ name }) => name)
        .filter((name) => contains(name, snapshot)),
    /** Whether this collection is the other or is limited by it. */
    within: (name: string, other: string): boolean =>
      fold(name) === fold(other) ||
      (entryOf(name) !== undefined && isRoot(other)) ||
      chainOf(name).some(({ definition }) => fold(definition.name) === fold(other)),
    /** The fields that a rule asks for. Throws RULE_UNREADABLE. */
    fieldsOf: (rule: string): readonly Field[] => (rule === '' ? [] : [...fieldsOf(parseRule(rule))]),
    /** Whether a collection could be so. Throws RULE_UNREADABLE, or COLLECTION_REFUSED as `put` does. */
    check,

    /** The devices that are in any of these collections, in a set of its own or in this empty one. */
    members(visible: Visible, bits = createBits(fleet.highest())): Bits {
      if (visible.some(isRoot)) unite(bits, fleet.live)
      else for (const name of visible) addMembers(bits, name)
      return bits
    },

    /**
     * Adds a collection, or changes the one of this name; it takes effect when it is stored and its devices are found.
     * Throws RULE_UNREADABLE, or COLLECTION_REFUSED when the parent is not there or is limited by the collection itself.
     */
    put: (wish: CollectionDefinition): Promise<void> =>
      turns.inTurn('collections', async () => {
        const definition = DefinitionSchema.parse(wish)
        check(definition)
        await stored.put(fold(definition.name), definition)
        await enter(definition)
      }),

    /** Throws COLLECTION_REFUSED while it limits others. */
    remove: (name: string): Promise<void> =>
      turns.inTurn('collections', async () => {
        const child = list().find(({ parent }) => parent !== undefined && fold(parent) === fold(name))
        if (isRoot(name) || child !== undefined)
          throw refused(`“${name}” limits ${child ? `“${child.name}”` : 'all others'}, so it stays; remove that first.`)
        await stored.delete(fold(name))
        entries.delete(fold(name))
      }),

    /** A device has changed, come or gone. */
    touch(n: number): void {
      for (const { kept } of entries.values()) kept.touch(n)
      for (const { kept } of coming) kept.touch(n)
    },

    /** The fleet is another. */
    refresh(): void {
      for (const { kept } of entries.values()) kept.refresh()
    },
  }
}
