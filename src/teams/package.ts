/** `npm run package [-- <file>]`: the app package that a Teams administrator uploads, made out to one bot and one address. */

import { readFile, writeFile } from 'node:fs/promises'
import { zipSync } from 'fflate'
import { z } from 'zod'

const SettingsSchema = z.object({
  MicrosoftAppId: z.guid('is the id of the bot, a GUID'),
  PUBLIC_URL: z.url({ protocol: /^https$/, error: 'is the https address under which people reach Device Desk' }),
})

/** What stands in the manifest until then. */
const nobodys = { id: '00000000-0000-0000-0000-000000000000', host: 'device-desk.example' }

const read = (file: string) => readFile(new URL(`../../manifest/${file}`, import.meta.url))

async function packageApp(): Promise<Uint8Array> {
  const { MicrosoftAppId, PUBLIC_URL } = SettingsSchema.parse(process.env)
  const { host, href } = new URL(PUBLIC_URL)
  const manifest = (await read('manifest.json'))
    .toString()
    .replaceAll(nobodys.id, MicrosoftAppId)
    .replaceAll(`https://${nobodys.host}`, href.replace(/\/$/, ''))
    .replaceAll(nobodys.host, host)
  return zipSync({
    'manifest.json': new TextEncoder().encode(manifest),
    'color.png': await read('color.png'),
    'outline.png': await read('outline.png'),
  })
}

const [file = 'device-desk.zip'] = process.argv.slice(2)
try {
  await writeFile(file, await packageApp())
  console.log(`${file} is ready: upload it in the Teams admin center, Manage apps.`)
} catch (error) {
  if (!(error instanceof z.ZodError)) throw error
  console.error(z.prettifyError(error))
  process.exitCode = 1
}
