import assert from 'node:assert/strict'
import { describeSettings, readSettings } from '../src/config.ts'
import { BotError } from '../src/errors.ts'

const id = '3B9E6D1F-52C8-4A07-8E9B-C41F7A2D5B60'
const production = { MicrosoftAppId: id, MicrosoftAppPassword: 'secret', MicrosoftAppTenantId: id }

/** The mistakes that are told, by the name of the setting. */
function mistakes(env: Record<string, string>): string[] {
  try {
    readSettings(env)
    return []
  } catch (error) {
    assert.ok(error instanceof BotError)
    assert.equal(error.code, 'CONFIG_INVALID')
    return error.message
      .split('\n')
      .filter((line) => line.startsWith('- '))
      .map((line) => /^- (\w+)/.exec(line)?.[1] ?? line)
  }
}

describe('settings', () => {
  it('need nothing for the demo, and have sensible values', () => {
    const settings = readSettings({})
    assert.equal(settings.PORT, 3978)
    assert.equal(settings.HOST, '127.0.0.1')
    assert.equal(settings.APPROVALS, 1)
    assert.equal(settings.APPROVAL_HOURS, 4)
    assert.equal(settings.EXECUTION_HOURS, 1)
    assert.deepEqual(settings.BRAKE, { requester: 5, approver: 10, site: 20, day: 40 })
    assert.equal(settings.MASS_CHANGE, 25)
    assert.deepEqual(settings.ADMINS, [])
    assert.deepEqual(settings.SERVICE_URL_HOSTS, [
      'smba.trafficmanager.net',
      'smba.infra.gcc.teams.microsoft.com',
      'smba.infra.gov.teams.microsoft.us',
    ])
  })

  it('that are empty are not set', () => {
    const empty = Object.fromEntries(
      [...describeSettings().matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => [name, '']),
    )
    assert.ok(Object.keys(empty).length > 20)
    assert.equal(JSON.stringify(readSettings(empty)), JSON.stringify(readSettings({})))
  })

  it('are told with every mistake at once', () => {
    const wrong = {
      PORT: '99999',
      LOG_LEVEL: 'loud',
      ADMINS: `${id},viktor`,
      APPROVALS: '-1',
      APPROVAL_HOURS: '0',
      BRAKE: '1,2,3',
      RIGHTS_APPROVAL: 'maybe',
      MASS_CHANGE: 'many',
      TICKET_PATTERN: '(',
      AUDIT_DAYS: '7',
      DATABASE_URL: 'mysql://localhost',
      PUBLIC_URL: 'http://device-desk.example',
      MicrosoftAppId: 'none',
      MicrosoftAppType: 'MultiTenant',
      ToChannelFromBotLoginUrl: 'http://login.example',
    }
    assert.deepEqual(
      new Set(mistakes(wrong)),
      new Set([...Object.keys(wrong), 'MicrosoftAppTenantId', 'MicrosoftAppPassword']),
    )
  })

  it('must go together', () => {
    assert.deepEqual(mistakes({ MicrosoftAppId: id, PORT: 'x' }), [
      'PORT',
      'MicrosoftAppTenantId',
      'MicrosoftAppPassword',
    ])
    assert.deepEqual(mistakes(production), [])
    const { MicrosoftAppPassword: _, ...bare } = production
    assert.deepEqual(mistakes({ ...bare, MicrosoftAppCertificateFile: '/x.pem' }), [])
    assert.deepEqual(mistakes({ ...bare, MicrosoftAppType: 'UserAssignedMSI' }), [])
  })

  it('keep the demo on this machine', () => {
    assert.deepEqual(mistakes({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '65535', APPROVALS: 'x' }), [
      'APPROVALS',
      'NODE_ENV',
      'HOST',
      'PORT',
    ])
    for (const HOST of ['0.0.0.0', '::', '192.168.1.7', 'device-desk.example', 'localhost.example', '%'])
      assert.deepEqual(mistakes({ HOST }), ['HOST'], HOST)
    for (const HOST of ['127.0.0.1', 'localhost', '::1', '127.8.8.8']) assert.deepEqual(mistakes({ HOST }), [], HOST)
    assert.deepEqual(mistakes({ ...production, NODE_ENV: 'production', HOST: '0.0.0.0' }), [])
  })

  it('take http for this machine only, where tokens and keys come from', () => {
    for (const name of ['ToChannelFromBotLoginUrl', 'ToBotFromChannelOpenIdMetadataUrl', 'OAuthUrl', 'PUBLIC_URL']) {
      assert.deepEqual(mistakes({ [name]: 'http://127.0.0.1:8080/x' }), [])
      assert.deepEqual(mistakes({ [name]: 'https://login.microsoftonline.us/x' }), [])
      for (const url of ['http://login.example/x', 'ftp://127.0.0.1/x', 'javascript:1', '127.0.0.1'])
        assert.deepEqual(mistakes({ [name]: url }), [name], url)
    }
  })

  it('know people by object ids in any spelling', () => {
    assert.deepEqual(readSettings({ ADMINS: ` ${id} ,, ${id.toLowerCase()}` }).ADMINS, [
      id.toLowerCase(),
      id.toLowerCase(),
    ])
    assert.equal(readSettings(production).MicrosoftAppTenantId, id.toLowerCase())
  })

  it('cannot be changed once read', () => {
    assert.ok(Object.isFrozen(readSettings({})))
  })

  it('never show a secret in what is wrong', () => {
    const secret = 'a-secret-that-nobody-may-read'
    assert.throws(
      () =>
        readSettings({
          MicrosoftAppId: 'x',
          MicrosoftAppPassword: secret,
          DATABASE_URL: `mysql://me:${secret}@host/db`,
        }),
      (error) => error instanceof BotError && !`${error.message}${error.stack}`.includes(secret),
    )
  })

  it('are all explained', () => {
    const text = describeSettings()
    for (const [line, name] of text.matchAll(/^ {2}(\w+).*$/gm))
      assert.match(line, new RegExp(`^  ${name} +\\S{2,}|^  ${name} +… `), 'each has a description')
    for (const name of [
      'PORT',
      'ADMINS',
      'CREDENTIALS_DIR',
      'BRAKE',
      'SERVICE_URL_HOSTS',
      'MicrosoftAppId',
      'CallerId',
    ])
      assert.ok(text.includes(`  ${name} `), name)
    assert.match(text, /PORT .*\[3978\]/)
  })
})
