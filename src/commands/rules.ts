import { distance } from 'fastest-levenshtein'
import { z } from 'zod'
import type { Button, Reply } from '../cards/card.ts'
import { type AccessRule, type AccessStep, type AccessWish, characteristics, levels } from '../connector/rules/rule.ts'
import type { KnownAccess } from '../connector/rules/rules.ts'
import { affectedTable, shutsOut, simulate, valuesOf } from '../connector/rules/simulate.ts'
import { BotError } from '../errors.ts'
import { allDevices } from '../inventory/collections.ts'
import type { Device } from '../inventory/device.ts'
import { soldAs } from '../inventory/models.ts'
import { type Context, defineCommand, type Values } from './command.ts'
import { askSecond, isMass } from './massChange.ts'
import { ruleForm, rulePreviewReply, ruleReply, rulesReply } from './ruleCard.ts'
import { connectorNamed, namesOf, onConnector } from './whichConnector.ts'
import { wipesAtRisk } from './wipesAtRisk.ts'

const connector = z.string().optional().meta({ title: 'Connector' })
const looking = {
  /** The digest of the preview that was shown: what is confirmed is that and nothing else. */
  confirm: z.string().optional(),
  /** Of the devices that would change. */
  page: z.coerce.number().int().min(1).default(1),
  /** All of them as a file. */
  csv: z.literal('csv').optional(),
}

type Look = z.output<z.ZodObject<typeof looking>>

/** One of some words, in any spelling. */
const word = <const W extends readonly [string, ...string[]]>(title: string, words: W) =>
  z
    .string()
    .transform((text) => words.find((one) => one.toLowerCase() === text.trim().toLowerCase()) ?? text)
    .pipe(z.enum(words, `one of ${words.join(', ').toLowerCase()}`))
    .meta({ title, type: 'string', enum: words })

const level = word('Access', levels)
const characteristic = word('Looks at', ['model', 'type', 'os', 'useragent'])

const changing = {
  permission: ['Site.Modify'],
  scopes: [],
  changes: (values: Values) => values.confirm !== undefined,
} as const

/** The rule that is meant by its short id, its Guid or the name that Exchange gives it. */
function ruleNamed(id: string, { rules: all, connector: where }: KnownAccess): AccessRule {
  const text = id.trim().toLowerCase()
  const found = all.find(({ guid, name }) => name.toLowerCase() === text || (text.length >= 8 && guid.startsWith(text)))
  if (found !== undefined) return found
  throw new BotError('COMMAND_ARGUMENT', `${where} has no access rule “${id}”; “rules” lists those there are.`)
}

/** First shows what would change for which devices; a press on that card, confirmed, carries it out and reads it back. */
async function propose(
  name: string,
  wish: AccessWish,
  { confirm, page, csv }: Look,
  press: Omit<Button, 'title'>,
  context: Context,
): Promise<Reply> {
  const { rules: room, inventory, rights, caller, approved, scope, now, signal } = context
  const preview = await room.preview(name, wish, signal)
  const { access, steps, digest } = preview
  if (steps.length === 0)
    return rulesReply([await room.read(name, signal)], context, {
      notice: 'There is nothing to change: it is so already.',
    })
  const fleet = { connector: name, devices: () => inventory.devices([allDevices]), ownerOf: inventory.owner }
  const maySee = (device: Device) => rights.may(device, 'Collection.ReadResource')
  const simulation = await simulate(access, steps, fleet, { maySee, page }, signal)
  const suggestions =
    wish.kind === 'add' && simulation.fitting === 0
      ? nearestTo(wish.query, [...simulation.values.keys(), ...(await seenBefore(name, wish.characteristic, context))])
      : []
  const isForTwo = wish.kind === 'default' || (await isMass(simulation.worse, context))
  const second = isForTwo ? ({ permission: 'Site.Modify' } as const) : undefined
  const risk = await wipesAtRisk(name, shutsOut(access, steps, fleet), context)
  const show = (notice?: string) =>
    rulePreviewReply({ preview, simulation, risk, press, suggestions, second }, context, {
      page,
      ...(notice && { notice }),
    })
  if (csv !== undefined && scope === 'personal') {
    const table = affectedTable(access, steps, fleet, maySee)
    const from = { verb: press.verb, data: { ...textsOf(press.data), connector: name, csv } }
    return { ...show(), file: { name: `${press.verb}-${now().toISOString().slice(0, 10)}.csv`, from, ...table } }
  }
  if (confirm === undefined) return show()
  if (confirm !== digest) return { ...show('This has changed since you looked, so nothing was done.'), undone: true }
  if (second !== undefined && approved === undefined) return askSecond(show(), second, context)
  const made = await room.carryOut(preview, caller.name, signal)
  return { ...rulesReply([made], context, { notice: 'Done; Exchange shows it so.' }), record: recordOf(steps) }
}

const textsOf = (data: Button['data']) =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)]))

/** Models and types of devices that are gone by now. */
async function seenBefore(name: string, looked: string, { rules: room, signal }: Context): Promise<readonly string[]> {
  if (looked !== 'DeviceModel' && looked !== 'DeviceType') return []
  return (await room.classes(name, signal))[looked]
}

/** Texts that were probably meant: those that contain what was typed or are sold under it, then those that are nearly it. */
function nearestTo(typed: string, all: readonly string[]): string[] {
  const text = typed.toLowerCase()
  const far = (one: string) =>
    [one, soldAs(one)].some((name) => name.toLowerCase().includes(text)) ? 0 : distance(one.toLowerCase(), text)
  const near = [...new Set(all)]
    .map((one) => ({ one, far: far(one) }))
    .filter((found) => found.far <= 1 + text.length / 3)
  return near
    .sort((a, b) => a.far - b.far || a.one.length - b.one.length)
    .slice(0, 3)
    .map(({ one }) => one)
}

/** What was done, for the record. */
const recordOf = (steps: readonly AccessStep[]) =>
  steps.map(({ do: verb, ...step }) => [verb, ...Object.values(step)].join(' ')).join(', ')

export const rules = defineCommand({
  name: 'rules',
  usage: '[id] [connector:] [page:]',
  summary: 'Lists the access rules and the default access level, or shows one rule.',
  example: 'rules',
  permission: ['Site.Read', 'Site.Modify'],
  scopes: [],
  changes: false,
  args: z.object({
    id: z.string().max(300).optional().meta({ title: 'Rule' }),
    connector,
    page: z.coerce.number().int().min(1).default(1),
  }),
  async run({ id, connector: named, page }, context) {
    const names = named === undefined ? namesOf(context) : [connectorNamed(named, context)]
    /** What open pages show again by themselves is what was read last: Exchange is asked by people. */
    const read = (name: string) =>
      (context.automatic ? context.rules.known(name) : undefined) ?? context.rules.read(name, context.signal)
    const all = await Promise.all(names.map(read))
    if (id === undefined) return rulesReply(all, context, { page })
    return onConnector(context, 'rules', { id, connector: named }, async (name) => {
      const access = await read(name)
      return ruleReply(ruleNamed(id, access), access, context)
    })
  },
})

export const ruleAdd = defineCommand({
  ...changing,
  name: 'rule-add',
  usage: '<level> <characteristic> [connector:] [replaces:] [text]',
  summary:
    'Allows, blocks or quarantines devices by model, type, os or useragent, whose whole text is given or chosen.',
  example: 'rule-add block model iPhone9C3',
  called: () => 'Add a rule',
  alsoAsked: () => ['text'],
  args: z.object({
    level,
    characteristic,
    text: z.string().trim().max(255).optional().meta({ title: 'Text, as the device shows it' }),
    replaces: z.string().max(300).optional(),
    connector,
    ...looking,
  }),
  run: ({ level: wanted, characteristic: looks, text, replaces, connector: named, ...look }, context) =>
    onConnector(
      context,
      'rule-add',
      { level: wanted, characteristic: looks, text, replaces, connector: named },
      async (name) => {
        const old = replaces && ruleNamed(replaces, await context.rules.read(name, context.signal)).guid
        const data = { level: wanted, characteristic: looks, ...(old && { replaces: old }) }
        if (!text) {
          const fleet = { connector: name, devices: () => context.inventory.devices([allDevices]) }
          const values = await valuesOf(fleet, characteristics[looks], context.signal)
          const gone = await seenBefore(name, characteristics[looks], context)
          return ruleForm({ ...data, connector: name }, values, gone)
        }
        const wish = {
          level: wanted,
          characteristic: characteristics[looks],
          query: text,
          ...(old && { replaces: old }),
        }
        return propose(name, { kind: 'add', ...wish }, look, { verb: 'rule-add', data: { ...data, text } }, context)
      },
    ),
})

export const ruleRemove = defineCommand({
  ...changing,
  name: 'rule-remove',
  usage: '<id> [connector:]',
  summary: 'Removes an access rule.',
  example: 'rule-remove 1a2b3c4d',
  args: z.object({ id: z.string().min(1).max(300).meta({ title: 'Rule' }), connector, ...looking }),
  run: ({ id, connector: named, ...look }, context) =>
    onConnector(context, 'rule-remove', { id, connector: named }, async (name) => {
      const { guid } = ruleNamed(id, await context.rules.read(name, context.signal))
      return propose(name, { kind: 'remove', guid }, look, { verb: 'rule-remove', data: { id: guid } }, context)
    }),
})

export const defaultAccess = defineCommand({
  ...changing,
  name: 'default-access',
  usage: '<level> [connector:]',
  summary: 'Sets what happens to devices that no rule and no personal exemption decides about.',
  example: 'default-access quarantine',
  args: z.object({ level, connector, ...looking }),
  run: ({ level: wanted, connector: named, ...look }, context) =>
    onConnector(context, 'default-access', { level: wanted, connector: named }, (name) =>
      propose(
        name,
        { kind: 'default', level: wanted },
        look,
        { verb: 'default-access', data: { level: wanted } },
        context,
      ),
    ),
})
