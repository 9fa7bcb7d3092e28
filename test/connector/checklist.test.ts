import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import {
  checkRights,
  commandOf,
  type Facts,
  type Finding,
  lackOf,
  requirements,
} from '../../src/connector/checklist.ts'

const parametersOf = (of: string) =>
  new Set(requirements.flatMap(({ cmdlet, parameter }) => (cmdlet === of && parameter ? parameter.toLowerCase() : [])))
const everything = new Map(requirements.map(({ cmdlet }) => [cmdlet.toLowerCase(), parametersOf(cmdlet)]))
/** All that people can want. */
const commands = [...new Set(requirements.flatMap((one) => one.for))]
const facts: Facts = { kind: 'onPremises', offered: everything, is2010: false, hasAccountOnly: true }
const statesOf = (findings: readonly Finding[]) => [...new Set(findings.map(({ state }) => state))]

describe('the checklist of rights', () => {
  it('is green for an account that may do everything', () => {
    for (const kind of ['online', 'onPremises'] as const) {
      const findings = checkRights({ ...facts, kind })
      assert.deepEqual(statesOf(findings), ['granted'])
      assert.deepEqual(commands.map((command) => lackOf(findings, command)).filter(Boolean), [])
    }
  })

  for (const requirement of requirements) {
    const { cmdlet, parameter, where } = requirement
    it(`is red for ${commandOf(requirement)} alone, and disables just what needs it`, () => {
      const offered = new Map(everything)
      if (parameter === undefined) offered.delete(cmdlet.toLowerCase())
      else
        offered.set(
          cmdlet.toLowerCase(),
          new Set([...parametersOf(cmdlet)].filter((one) => one !== parameter.toLowerCase())),
        )
      const findings = checkRights({ ...facts, kind: where ?? 'online', offered })
      const isGone = (one: { cmdlet: string; parameter?: string | undefined }) =>
        one.cmdlet === cmdlet && (parameter === undefined || one.parameter === parameter)
      for (const finding of findings) assert.equal(finding.state, isGone(finding) ? 'missing' : 'granted')
      const disabled = commands.filter((command) => lackOf(findings, command) !== undefined)
      const needing = new Set(requirements.filter(isGone).flatMap((one) => one.for))
      assert.deepEqual(
        disabled,
        commands.filter((command) => needing.has(command)),
      )
    })
  }

  it('says that it was not told, and disables nothing, where the account cannot ask', () => {
    const findings = checkRights({ ...facts, offered: undefined })
    assert.deepEqual(statesOf(findings), ['notTold'])
    assert.equal(lackOf(findings, 'wipe'), undefined)
  })

  it('does not guess at parameters where the door names cmdlets only', () => {
    const offered = new Map([...everything.keys()].map((name) => [name, undefined]))
    const findings = checkRights({ ...facts, kind: 'online', offered })
    for (const { parameter, state } of findings) assert.equal(state, parameter ? 'notTold' : 'granted')
  })

  it('knows cmdlets by the names of Exchange 2010 there', () => {
    const offered = new Map([['get-activesyncdevice', undefined]])
    const findings = checkRights({ ...facts, offered, is2010: true, hasAccountOnly: false })
    assert.deepEqual(findings.find(({ cmdlet }) => cmdlet === 'Get-ActiveSyncDevice')?.state, 'granted')
    assert.equal(
      findings.some(({ cmdlet }) => cmdlet.includes('MobileDevice')),
      false,
    )
    assert.equal(lackOf(findings, 'wipe')?.cmdlet, 'Get-CASMailbox')
    assert.equal(lackOf(findings, 'delete')?.cmdlet, 'Remove-ActiveSyncDevice')
  })

  it('takes a parameter that a version does not have for no missing right', () => {
    const findings = checkRights({ ...facts, hasAccountOnly: false })
    assert.equal(findings.find(({ parameter }) => parameter === 'AccountOnly')?.state, 'tooOld')
    assert.equal(lackOf(findings, 'wipe-account'), undefined)
  })

  it('asks for every cmdlet that there is in the code', async () => {
    const folder = new URL('../../src/connector/', import.meta.url)
    const tables = ['checklist.ts', 'version.ts']
    const files = (await readdir(folder, { recursive: true })).filter(
      (name) => name.endsWith('.ts') && !tables.includes(name),
    )
    const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))
    const used = new Set(texts.flatMap((text) => text.match(/(?<=')(Get|Set|New|Remove|Clear)-[A-Z]\w+(?=')/g) ?? []))
    const asked = requirements.map(({ cmdlet }) => cmdlet)
    assert.ok(used.size > 15, [...used].join())
    assert.deepEqual(
      [...used].filter((cmdlet) => !asked.includes(cmdlet)),
      ['Get-Command'],
    )
  })

  it('asks for what is of the cloud or of servers only there', () => {
    const cmdlets = checkRights({ ...facts, kind: 'online' }).map(({ cmdlet }) => cmdlet)
    assert.ok(!cmdlets.includes('Get-ExchangeServer') && !cmdlets.includes('Set-ADServerSettings'))
  })
})
