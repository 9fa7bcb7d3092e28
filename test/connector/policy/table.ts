import { groups, type Setting, settingsOf } from '../../../src/connector/policy/settings.ts'

const inCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function line(setting: Setting): string {
  const { name, about, kind, parameter, parameter2010, standard, standard2010, licence, outlook, conflict } = setting
  const twice = (value: string, older: string | undefined) =>
    older === undefined ? value : `${value} (2010: ${older})`
  const remarks = [
    about,
    ...(setting.critical ? ['A change always needs two people.'] : []),
    ...(outlook ? [outlook] : []),
    ...(licence ? ['Needs an Exchange Enterprise CAL on premises.'] : []),
    ...(conflict ? [`*${conflict}*`] : []),
  ]
  const cells = [
    `\`${name}\``,
    kind.range,
    twice(kind.show(standard), standard2010 === undefined ? undefined : kind.show(standard2010)),
    twice(`\`${parameter}\``, parameter2010 && `\`${parameter2010}\``),
    remarks.join(' '),
  ]
  return `| ${cells.map(inCell).join(' | ')} |`
}

/** The settings as docs/policy.md lists them, from the table in code; run this file to see it. */
export const settingsTable = () =>
  groups
    .map((group) =>
      [
        `### ${group}`,
        '',
        '| setting | takes | Exchange’s default | parameter | |',
        '|---|---|---|---|---|',
        ...settingsOf(group).map(line),
      ].join('\n'),
    )
    .join('\n\n')

if (import.meta.main) console.log(settingsTable())
