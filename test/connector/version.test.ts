import assert from 'node:assert/strict'
import type { Cmdlet, Transport } from '../../src/connector/transport.ts'
import {
  hasAccountOnly,
  isSince2013,
  isSupported,
  productOf,
  readVersion,
  speaking2010,
} from '../../src/connector/version.ts'

const of = (text: string) => readVersion(text) ?? assert.fail(text)

describe('versions of Exchange', () => {
  for (const [shown, product] of Object.entries({
    'Version 8.3 (Build 83.6)': 'Exchange 2007, build 83.6',
    'Version 14.0 (Build 639.21)': 'Exchange 2010, build 639.21',
    'Version 14.1 (Build 218.15)': 'Exchange 2010 SP1, build 218.15',
    'Version 14.3 (Build 123.4)': 'Exchange 2010 SP3, build 123.4',
    'Version 15.0 (Build 516.32)': 'Exchange 2013 RTM, build 516.32',
    'Version 15.0 (Build 847.32)': 'Exchange 2013 CU4, build 847.32',
    'Version 15.0 (Build 1497.2)': 'Exchange 2013 CU23, build 1497.2',
    'Version 15.1 (Build 225.42)': 'Exchange 2016 RTM, build 225.42',
    'Version 15.1 (Build 2507.6)': 'Exchange 2016 CU23, build 2507.6',
    'Version 15.2 (Build 221.12)': 'Exchange 2019 RTM, build 221.12',
    'Version 15.2 (Build 1118.7)': 'Exchange 2019 CU12, build 1118.7',
    'Version 15.2 (Build 1748.10)': 'Exchange 2019 CU15, build 1748.10',
    'Version 15.2 (Build 2562.17)': 'Exchange Subscription Edition RTM, build 2562.17',
    '0.20 (15.20.9298.13)': 'Exchange Online, build 9298.13',
    'Version 15.20 (Build 7587.36)': 'Exchange Online, build 7587.36',
  }))
    it(`are named: ${product}`, () => assert.equal(productOf(of(shown)), product))

  it('are named by what is sure where the build is not known', () => {
    assert.equal(productOf(of('Version 15.2 (Build 1900.3)')), 'Exchange 2019, build 1900.3')
    assert.equal(productOf(of('Version 15.2 (Build 3000.1)')), 'Exchange Subscription Edition, build 3000.1')
    assert.equal(productOf(of('Version 6.5 (Build 7638.2)')), 'Exchange 6.5, build 7638.2')
    assert.equal(productOf(of('Version 16.0 (Build 1.1)')), 'Exchange 16.0, build 1.1')
  })

  it('are not made up where none is told', () => assert.equal(readVersion('unknown'), undefined))

  it('decide what can be done', () => {
    const all = ['8.3', '14.0', '14.1', '15.0', '15.1', '15.2', '15.20'].map((text) =>
      of(`Version ${text} (Build 1.1)`),
    )
    assert.deepEqual(all.map(isSupported), [false, false, true, true, true, true, true])
    assert.deepEqual(all.map(isSince2013), [false, false, false, true, true, true, true])
    assert.deepEqual(all.map(hasAccountOnly), [false, false, false, false, true, true, true])
  })

  it('of 2010 hear their own names of cmdlets, with the same parameters', async () => {
    const heard: Cmdlet[] = []
    const transport: Transport = {
      async *invoke(cmdlet) {
        heard.push(cmdlet)
        yield {}
      },
      close: async () => {},
    }
    const old = speaking2010(transport)
    const ask = async (name: string) => {
      const parameters = { Identity: 'x' }
      for await (const row of old.invoke({ name, parameters }, AbortSignal.abort())) assert.deepEqual(row, {})
    }
    for (const verb of ['Get', 'Clear', 'Remove']) await ask(`${verb}-MobileDevice`)
    for (const verb of ['Get', 'New', 'Set', 'Remove']) await ask(`${verb}-MobileDeviceMailboxPolicy`)
    await ask('Get-MobileDeviceStatistics')
    await ask('Set-CASMailbox')
    assert.deepEqual(
      heard.map(({ name }) => name),
      [
        ...['Get-ActiveSyncDevice', 'Clear-ActiveSyncDevice', 'Remove-ActiveSyncDevice'],
        ...['Get', 'New', 'Set', 'Remove'].map((verb) => `${verb}-ActiveSyncMailboxPolicy`),
        'Get-ActiveSyncDeviceStatistics',
        'Set-CASMailbox',
      ],
    )
    assert.ok(heard.every(({ parameters }) => parameters.Identity === 'x'))
  })
})
