import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'
import type { Button, Reply } from '../cards/card.ts'
import type { Generation } from '../connector/policy/kinds.ts'
import { isEqual } from '../connector/policy/kinds.ts'
import type { Wish } from '../connector/policy/ownership.ts'
import { isWritten, type PolicyLook } from '../connector/policy/policies.ts'
import { isUnderPolicy, reachOf } from '../connector/policy/reach.ts'
import {
  type Group,
  type Setting,
  settings,
  settingsOf,
  standardOf,
  type Values,
} from '../connector/policy/settings.ts'
import { BotError } from '../errors.ts'
import { allDevices } from '../inventory/collections.ts'
import { type Values as Arguments, type Context, defineCommand } from './command.ts'
import { askSecond, isMass } from './massChange.ts'
import { GroupName } from './policy.ts'
import { formOf, policyReply, previewReply } from './policyCard.ts'
import { pressable } from './replies.ts'
import { onConnector } from './whichConnector.ts'
import { wipesAtRisk } from './wipesAtRisk.ts'

const connector = z.string().optional().meta({ title: 'Connector' })
/** The digest of the preview that was shown: what is confirmed is that and nothing else. */
const confirm = z.string().optional()

const changing = {
  permission: ['Site.ModifyConnectorPolicy'],
  scopes: [],
  changes: (values: Arguments) => values.confirm !== undefined,
} as const

/** First shows what would be different; a press on that card, confirmed, writes it and shows what Exchange has then. */
async function propose(
  wish: Wish,
  given: { connector?: string | undefined; confirm?: string | undefined },
  press: Omit<Button, 'title'>,
  context: Context,
): Promise<Reply> {
  const { policies, inventory, signal, caller, approved } = context
  return onConnector(context, press.verb, { ...press.data, connector: given.connector }, async (name) => {
    const preview = await policies.preview(name, wish, signal)
    if (isIdle(preview.wish, preview)) return policyReply([preview.look], { notice: idle(wish) }, context)
    const reach = await reachOf(preview.look, inventory.devices([allDevices]), inventory.owner, signal)
    const isForTwo =
      preview.gravity === 'always' || (preview.gravity === 'by number' && (await isMass(reach.devices, context)))
    const second = isForTwo ? ({ permission: 'Site.ModifyConnectorPolicy' } as const) : undefined
    const isUnder = isUnderPolicy(preview.look.name, inventory.owner)
    const risk = await wipesAtRisk(name, (device) => preview.cutsOff && isUnder(device), context)
    const show = (notice?: string) => previewReply({ preview, reach, risk, press, second }, notice)
    if (given.confirm === undefined) return show()
    if (given.confirm !== preview.digest)
      return { ...show('This has changed since you looked, so nothing was written.'), undone: true }
    if (second !== undefined && approved === undefined) return askSecond(show(), second, context)
    const { tenant, id, name: by } = caller
    const after = await policies.carryOut(preview, { tenant, id, name: by }, signal)
    const notice = isWritten(preview.writes, after.shown)
      ? 'Done; Exchange shows it so.'
      : 'Exchange took it, but does not show all of it yet; look again in a minute.'
    return { ...policyReply([after], { notice }, context), record: recordOf(preview.writes) }
  })
}

/** What was written, for the record. */
const recordOf = (writes: Values) =>
  settings
    .flatMap(({ name, kind }) => (writes[name] === undefined ? [] : [`${name}=${kind.show(writes[name])}`]))
    .join(', ') || 'nothing written'

function isIdle(wish: Wish, { configured, undo, writes, look }: Awaited<ReturnType<Context['policies']['preview']>>) {
  const still = JSON.stringify([configured, undo]) === JSON.stringify([look.configured, look.undo])
  return Object.keys(writes).length === 0 && (still || wish.kind === 'take-back')
}

const idle = ({ kind }: Wish) =>
  kind === 'undo'
    ? 'There is nothing to undo: nothing was written since, or Exchange shows it so already.'
    : 'There is nothing to change: it is so already.'

/** The setting that is meant by `Password.PasswordHistory`, or by its name alone. */
function settingNamed(text: string): Setting {
  const word = text.trim().toLowerCase()
  const namesOf = ({ group, name, aliases = [] }: Setting) =>
    [name, ...aliases].flatMap((one) => [one, `${group}.${one}`])
  const found = settings.find((setting) => namesOf(setting).some((name) => name.toLowerCase() === word))
  if (found !== undefined) return found
  const guess = closest(word, settings.flatMap(namesOf))
  const hint = distance(word, guess.toLowerCase()) <= 2 + word.length / 4 ? `; did you mean “${guess}”?` : ';'
  throw new BotError('COMMAND_ARGUMENT', `There is no setting “${text}”${hint} “policy” lists them all.`)
}

/** Values as they were typed, by setting. Throws COMMAND_ARGUMENT, which names all that are wrong. */
function readTyped(typed: readonly (readonly [Setting, string])[], generation: Generation): Values {
  const wrong: string[] = []
  const values = typed.flatMap(([setting, text]) => {
    const { group, name, kind } = setting
    const value = text.trim().toLowerCase() === 'default' ? standardOf(setting, generation) : kind.parse(text)
    if (value !== undefined) return [[name, value] as const]
    wrong.push(`${group}.${name} cannot be “${text.slice(0, 40)}”: it takes ${kind.range}`)
    return []
  })
  if (wrong.length > 0) throw new BotError('COMMAND_ARGUMENT', `${wrong.join('; ')}.`)
  return Object.fromEntries(values)
}

/** The lines in which a card carries values: `Password.PasswordHistory=5`. */
const readLines = (lines: string) =>
  lines.split('\n').map((line) => [settingNamed(line.split('=')[0] ?? ''), line.slice(line.indexOf('=') + 1)] as const)

const writeLines = (values: Values) =>
  settings
    .flatMap(({ group, name, kind }) =>
      values[name] === undefined ? [] : [`${group}.${name}=${kind.show(values[name])}`],
    )
    .join('\n')

/** What a form sent for a group that is different from what it showed; all of it where the group is new here. */
function readForm(group: Group, given: Arguments, { configured, shown, generation }: PolicyLook): Values {
  const typed = settingsOf(group).flatMap((setting) => {
    const text = given[setting.name]
    return text === undefined || text === '' ? [] : [[setting, String(text)] as const]
  })
  const values = readTyped(typed, generation)
  const now = configured[group] ?? shown
  const different = Object.entries(values).filter(([name, value]) => !isSame(now[name], value))
  return configured[group] === undefined && different.length === 0 ? values : Object.fromEntries(different)
}

const isSame = (one: Values[string] | undefined, other: Values[string]) => one !== undefined && isEqual(one, other)

export const policySet = defineCommand({
  ...changing,
  name: 'policy-set',
  usage: '<setting> <value> [connector:]',
  summary: 'Sets a mobile device setting, to a value or to Exchange’s default, after a preview.',
  example: 'policy-set Password.WipeAfterFailedAttempt 8',
  args: z.looseObject({
    setting: z.string().max(100).optional().meta({ title: 'Setting' }),
    value: z.coerce.string().max(4000).optional().meta({ title: 'Value' }),
    group: GroupName.optional(),
    changes: z.string().max(8000).optional(),
    connector,
    confirm,
  }),
  async run(given, context) {
    const { setting, value, changes } = given
    const named = setting === undefined ? undefined : settingNamed(setting)
    const group = given.group ?? named?.group
    if (group === undefined && changes === undefined)
      return onConnector(context, 'policy-set', given, async (name) =>
        policyReply(
          [await context.policies.look(name, context.signal)],
          { notice: 'Choose a group to edit.' },
          context,
        ),
      )
    return onConnector(context, 'policy-set', given, async (name) => {
      const isForm = group !== undefined && settingsOf(group).some((one) => one.name in given)
      const look = await context.policies.look(name, context.signal)
      if (changes === undefined && value === undefined && !isForm) return formOf(look, group ?? 'General')
      const values =
        changes !== undefined
          ? readTyped(readLines(changes), look.generation)
          : named !== undefined && value !== undefined
            ? readTyped([[named, value]], look.generation)
            : readForm(group ?? 'General', given, look)
      const press = { verb: 'policy-set', data: { changes: writeLines(values) } }
      return propose({ kind: 'set', values }, { connector: name, confirm: given.confirm }, press, context)
    })
  },
})

export const policyClear = defineCommand({
  ...changing,
  name: 'policy-clear',
  usage: '<group> [connector:]',
  summary: 'Gives a group back to Exchange, which keeps its values as they are.',
  example: 'policy-clear Password',
  args: z.object({ group: GroupName, connector, confirm }),
  run: ({ group, ...given }, context) =>
    propose({ kind: 'clear', group }, given, { verb: 'policy-clear', data: { group } }, context),
})

export const policyUndo = defineCommand({
  ...changing,
  name: 'policy-undo',
  usage: '[connector:]',
  summary: 'Restores what was before the last push to Exchange.',
  example: 'policy-undo',
  args: z.object({ connector, confirm }),
  run: (given, context) => propose({ kind: 'undo' }, given, { verb: 'policy-undo', data: {} }, context),
})

export const policyDrift = defineCommand({
  ...changing,
  name: 'policy-drift',
  usage: '<action> <group> [connector:]',
  summary: 'Where Exchange was changed behind our back: takes a group back as it is configured here, or accepts it.',
  example: 'policy-drift take-back Password',
  args: z.object({
    action: z.enum(['take-back', 'accept'], 'take-back or accept').meta({ title: 'Action' }),
    group: GroupName,
    connector,
    confirm,
  }),
  run: ({ action, group, ...given }, context) =>
    propose({ kind: action, group }, given, { verb: 'policy-drift', data: pressable({ action, group }) }, context),
})
