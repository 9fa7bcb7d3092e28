import assert from 'node:assert/strict'
import {
  checkRights,
  commandOf,
  type Facts,
  type Finding,
  lackOf,
  requirements,
} from '../../src/connector/checklist.ts'

const parametersOf = (cmdlet: string) =>
  new Set(
    requirements
      .flatMap((one) => (one.cmdlet === cmdlet ? (one.parameters ?? []) : []))
      .map((name) => name.toLowerCase()),
  )
const everything = new Map(requirements.map(({ cmdlet }) => [cmdlet.toLowerCase(), parametersOf(cmdlet)]))
const facts: Facts = { kind: 'onPremises', offered: everything, is2010: false, hasAccountOnly: true }
const statesOf = (findings: readonly Finding[]) => [...new Set(findings.map(({ state }) => state))]

describe('the checklist of rights', () => {
  it('is green for an account that may do everything', () => {
    assert.deepEqual(statesOf(checkRights(facts)), ['granted'])
    assert.equal(checkRights(facts).length, requirements.length)
    assert.deepEqual(
      requirements.flatMap(({ for: actions }) => actions.flatMap((action) => lackOf(checkRights(facts), action) ?? [])),
      [],
    )
  })

  for (const { cmdlet, parameters = [], for: actions, where } of requirements)
    it(`is red for ${commandOf({ cmdlet, parameters: [...parameters] })} alone, and disables just what needs it`, () => {
      const offered = new Map(everything)
      if (parameters.length === 0) offered.delete(cmdlet.toLowerCase())
      else {
        const left = new Set(parametersOf(cmdlet))
        left.delete(parameters[0]?.toLowerCase() ?? '')
        offered.set(cmdlet.toLowerCase(), left)
      }
      const findings = checkRights({ ...facts, kind: where ?? 'online', offered })
      const red = findings.filter(({ state }) => state === 'missing')
      const isRed = (one: Finding) =>
        one.cmdlet === cmdlet && (parameters.length === 0 || one.parameters.join() === parameters.join())
      assert.ok(red.length > 0 && red.every(isRed), JSON.stringify(red))
      const disabled = new Set(requirements.flatMap((one) => one.for).filter((action) => lackOf(findings, action)))
      assert.deepEqual(
        [...disabled].sort(),
        [
          ...new Set([
            ...actions,
            ...requirements.flatMap((one) => (parameters.length === 0 && one.cmdlet === cmdlet ? one.for : [])),
          ]),
        ].sort(),
      )
    })

  it('says that it was not told, and disables nothing, where the account cannot ask', () => {
    const findings = checkRights({ ...facts, offered: undefined })
    assert.deepEqual(statesOf(findings), ['notTold'])
    assert.equal(lackOf(findings, 'wipe'), undefined)
  })

  it('does not guess at parameters where the door names cmdlets only', () => {
    const offered = new Map([...everything.keys()].map((name) => [name, undefined]))
    const findings = checkRights({ ...facts, kind: 'online', offered })
    for (const { parameters, state } of findings) assert.equal(state, parameters.length > 0 ? 'notTold' : 'granted')
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
    assert.equal(findings.find(({ parameters }) => parameters.includes('AccountOnly'))?.state, 'tooOld')
    assert.equal(lackOf(findings, 'wipe-account'), undefined)
  })

  it('asks for what is of the cloud or of servers only there', () => {
    const cmdlets = checkRights({ ...facts, kind: 'online' }).map(({ cmdlet }) => cmdlet)
    assert.ok(!cmdlets.includes('Get-ExchangeServer') && !cmdlets.includes('Set-ADServerSettings'))
  })
})
