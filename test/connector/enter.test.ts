import assert from 'node:assert/strict'
import { pino } from 'pino'
import { assertMayGo } from '../../src/connector/enter.ts'

describe('the way to Exchange', () => {
  const hosts = ['outlook.office365.com', '127.0.0.1']
  const options = {
    credentials: '',
    appId: undefined,
    now: () => new Date(),
    wait: async () => {},
    log: pino({ level: 'silent' }),
  }
  const go = (url: string, demo: boolean) =>
    assertMayGo({ hosts, user: 'svc', password: 'secret' }, 'contoso', new URL(url), { ...options, demo })

  it('of the demo ends at this machine', () => {
    go('http://127.0.0.1:8080/PowerShell/', true)
    assert.throws(() => go('https://outlook.office365.com', true), /the demo reaches this machine only/)
  })

  it('is that of the credential', () => {
    go('https://outlook.office365.com', false)
    assert.throws(() => go('https://outlook.office365.us', false), /may not be sent to/)
  })
})
