import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ManifestUtil, type TeamsManifest } from '@microsoft/app-manifest'
import { unzipSync } from 'fflate'
import { z } from 'zod'
import type { Scope } from '../../src/commands/command.ts'
import { commands } from '../../src/commands/commands.ts'

const file = (name: string) => new URL(`../../manifest/${name}`, import.meta.url)
const schema = JSON.parse(
  readFileSync(
    new URL(
      '../../node_modules/@microsoft/app-manifest/build/json-schemas/teams/v1.30/MicrosoftTeams.schema.json',
      import.meta.url,
    ),
    'utf8',
  ),
)
const problemsOf = (manifest: unknown) => ManifestUtil.validateManifestAgainstSchema(manifest as TeamsManifest, schema)

const ManifestSchema = z.looseObject({
  bots: z.tuple([
    z.looseObject({
      botId: z.string(),
      scopes: z.array(z.string()),
      commandLists: z.array(
        z.object({
          scopes: z.array(z.string()),
          commands: z.array(z.object({ title: z.string(), description: z.string() })),
        }),
      ),
    }),
  ]),
})
const TabSchema = z.looseObject({
  staticTabs: z.array(z.looseObject({ contentUrl: z.url().optional() })),
  composeExtensions: z.array(z.looseObject({ commands: z.array(z.looseObject({ id: z.string() })) })),
  validDomains: z.array(z.string()),
  webApplicationInfo: z.object({ id: z.string(), resource: z.string() }),
})
const manifest = ManifestSchema.parse(JSON.parse(readFileSync(file('manifest.json'), 'utf8')))
const [bot] = manifest.bots

/** What a menu of Teams suggests: the commands that want to stand in it. */
const listOf = (name: string, scope: Scope) => ({
  scopes: [name],
  commands: commands
    .filter(({ scopes }) => scopes.includes(scope))
    .map(({ name, summary }) => ({ title: name, description: summary })),
})

describe('the app manifest', () => {
  it('keeps to the schema of Teams', async () => {
    assert.deepEqual(await problemsOf(manifest), [])
  })

  it('is refused by that schema when it is wrong', async () => {
    assert.notDeepEqual(await problemsOf({ ...manifest, accentColor: 'blue' }), [])
  })

  it('suggests the commands that want to stand in each menu', () => {
    const lists = [listOf('personal', 'personal'), listOf('team', 'channel'), listOf('groupChat', 'groupChat')]
    assert.deepEqual(bot.commandLists, lists, `commandLists should be:\n${JSON.stringify(lists)}`)
  })

  it('suggests at most ten in each, as Teams shows', () => {
    for (const { scopes, commands } of bot.commandLists) {
      assert.ok(commands.length <= 10, `${commands.length} in ${scopes}`)
      assert.ok(commands.length > 0)
    }
  })

  it('asks for no permission, and waits for an administrator', () => {
    const asking = ['permissions', 'devicePermissions', 'authorization', 'supportedChannelTypes']
    assert.deepEqual(
      Object.keys(manifest).filter((key) => asking.includes(key)),
      [],
    )
    assert.equal(manifest.defaultBlockUntilAdminAction, true)
  })

  it('has a tab under its own address alone, and a search for the compose box', () => {
    const { staticTabs, composeExtensions, validDomains, webApplicationInfo } = TabSchema.parse(manifest)
    assert.deepEqual(validDomains, ['device-desk.example'])
    assert.equal(webApplicationInfo.resource, `api://device-desk.example/botid-${bot.botId}`)
    assert.equal(webApplicationInfo.id, bot.botId)
    assert.deepEqual(
      staticTabs.flatMap(({ contentUrl }) => contentUrl ?? []),
      ['https://device-desk.example/tab'],
    )
    assert.deepEqual(
      composeExtensions.flatMap(({ commands }) => commands.map(({ id }) => id)),
      ['find'],
    )
  })

  it('has icons of the sizes that Teams takes, the outline in white on nothing', () => {
    for (const [name, size] of [
      ['color', 192],
      ['outline', 32],
    ] as const) {
      const png = readFileSync(file(`${name}.png`))
      assert.deepEqual([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)], ['PNG', size, size])
    }
    assert.equal(readFileSync(file('outline.png'))[25], 6, 'the colour type with transparency')
  })
})

describe('npm run package', () => {
  const run = promisify(execFile)
  const script = new URL('../../src/teams/package.ts', import.meta.url).pathname
  const id = 'd2c4a4de-6f0e-4b6e-8a43-6ef2a0c7a111'
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'package-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('makes a valid package out to the bot and the address of the environment', async () => {
    const zip = join(folder, 'app.zip')
    const env = { ...process.env, MicrosoftAppId: id, PUBLIC_URL: 'https://desk.contoso.com/' }
    await run(process.execPath, [script, zip], { env })
    const files = unzipSync(await readFile(zip))
    assert.deepEqual(Object.keys(files).sort(), ['color.png', 'manifest.json', 'outline.png'])
    const text = new TextDecoder().decode(files['manifest.json'])
    const packed = JSON.parse(text)
    assert.deepEqual(await problemsOf(packed), [])
    assert.deepEqual(
      [packed.id, packed.bots[0].botId, packed.developer.websiteUrl],
      [id, id, 'https://desk.contoso.com'],
    )
    assert.doesNotMatch(text, /00000000|example/)
  })

  it('names every setting that is missing or wrong, and writes nothing', async () => {
    const env = { ...process.env, MicrosoftAppId: '', PUBLIC_URL: 'http://desk.contoso.com' }
    await assert.rejects(
      run(process.execPath, [script, join(folder, 'none.zip')], { env }),
      (error: { stderr: string }) => {
        assert.match(error.stderr, /MicrosoftAppId/)
        assert.match(error.stderr, /PUBLIC_URL/)
        return true
      },
    )
    await assert.rejects(readFile(join(folder, 'none.zip')))
  })
})
