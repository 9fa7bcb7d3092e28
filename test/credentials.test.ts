import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { assertHost, readCredential } from '../src/credentials.ts'

const secret = 'a-secret-that-nobody-may-read'
const clientId = '11111111-2222-3333-4444-555555555555'

describe('a credential', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credentials-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function write(content: unknown, mode = 0o600) {
    const file = join(folder, 'contoso.json')
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    await chmod(file, mode)
  }
  const problem = async (name = 'contoso') => {
    const error = await readCredential(folder, name).then(
      () => assert.fail('it was read'),
      (error) => error,
    )
    assert.equal(error.code, 'CREDENTIAL_UNUSABLE')
    assert.ok(!inspect(error, { depth: 20 }).includes(secret), 'nothing of its content is said')
    return error.message
  }

  it('is a user with password, an app with secret or certificate, or a managed identity', async () => {
    for (const content of [
      { hosts: ['mail.contoso.com'], user: 'svc', password: secret },
      { hosts: ['outlook.office365.com'], tenant: 'contoso.onmicrosoft.com', clientId, secret },
      { hosts: ['outlook.office365.com'], clientId, certificateFile: '/etc/device-desk.pem' },
      { hosts: ['outlook.office365.com'], managedIdentity: clientId },
    ]) {
      await write(content)
      assert.deepEqual(await readCredential(folder, 'contoso'), content)
    }
  })

  it('is refused when others may read it', async () => {
    const content = { hosts: ['x'], user: 'svc', password: secret }
    for (const mode of [0o640, 0o604, 0o660, 0o644]) {
      await write(content, mode)
      assert.match(await problem(), /chmod 600/)
    }
  })

  it('is refused when it is something else, and nothing of it is said', async () => {
    for (const content of [
      `{"secret":"${secret}"`,
      { user: 'svc', password: secret },
      { hosts: [], user: 'svc', password: secret },
      { hosts: ['x'], clientId: 'none', secret },
      { hosts: ['x'], clientId, secret: '' },
    ]) {
      await write(content)
      assert.match(await problem(), /it is not one of/)
    }
  })

  it('is looked for in its folder only', async () => {
    assert.match(await problem('missing'), /no such file in CREDENTIALS_DIR/)
    for (const name of ['../contoso', 'a/b', '', '.', 'x'.repeat(65)])
      assert.match(await problem(name), /its name may hold/)
  })

  it('goes to the hosts that it names and those below them, and never in the clear', () => {
    const credential = { hosts: ['outlook.office365.com', '127.0.0.1:8080'], user: 'svc', password: secret }
    const goes = (url: string) => assertHost(credential, new URL(url), 'contoso')
    for (const url of [
      'https://outlook.office365.com/x',
      'https://eur.outlook.office365.com',
      'http://127.0.0.1:8080/',
    ])
      goes(url)
    for (const url of [
      'https://office365.com',
      'https://outlook.office365.com.example',
      'https://notoutlook.office365.com',
      'http://127.0.0.1:8081/',
      'http://outlook.office365.com/',
      'https://outlook.office365.com@example.com/',
    ])
      assert.throws(() => goes(url), /may not be sent to/, url)
  })
})
