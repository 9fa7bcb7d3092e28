import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** A file that the tab serves. */
export interface Asset {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly zipped: Buffer
}

const here = import.meta.dirname
const pages = { '/': 'home', '/privacy': 'privacy', '/terms': 'terms' } as const

/** The hosts that may frame the tab ("Prerequisites", tabs of the Teams documentation), and those of the US government. */
const hosts = [
  'https://teams.microsoft.com',
  'https://*.teams.microsoft.com',
  'https://*.cloud.microsoft',
  'https://*.teams.microsoft.us',
]

/** Nothing from elsewhere but the list of hosts that teams-js asks for, and nothing inline. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' https://res.cdn.office.net",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  `frame-ancestors 'self' ${hosts.join(' ')}`,
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const zip = promisify(gzip)

const assetOf = async (body: Buffer, headers: Asset['headers']): Promise<Asset> => ({
  headers: { ...headers, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
  body,
  zipped: await zip(body, { level: 9 }),
})

let made: Promise<ReadonlyMap<string, Asset>> | undefined

/** All files of the tab and of the pages about the app, by path; bundled when somebody first asks. */
export function readPage(): Promise<ReadonlyMap<string, Asset>> {
  made ??= bundle().catch((cause) => {
    made = undefined
    throw cause
  })
  return made
}

async function bundle(): Promise<ReadonlyMap<string, Asset>> {
  const { build, stop } = await import('esbuild')
  const entryPoints = [
    join('page', 'main.ts'),
    join('page', 'style.css'),
    join('site', 'site.css'),
    join('..', '..', 'manifest', 'color.svg'),
  ]
  const { outputFiles, metafile } = await build({
    absWorkingDir: here,
    entryPoints,
    outdir: 'assets',
    entryNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    loader: { '.svg': 'copy' },
    write: false,
    metafile: true,
    logLevel: 'silent',
  }).finally(stop)

  const assets = new Map<string, Asset>()
  for (const { path, contents } of outputFiles) {
    const type = types[extname(path)] ?? 'application/octet-stream'
    const headers = { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' }
    assets.set(`/tab/assets/${basename(path)}`, await assetOf(Buffer.from(contents), headers))
  }

  /** Where each source of an entry is served; relative, since the app may lie under a path of its host. */
  const served = Object.entries(metafile.outputs).flatMap(([path, { entryPoint, inputs }]) => {
    const source = entryPoint ?? Object.keys(inputs)[0]
    return source === undefined ? [] : [[basename(source), `tab/assets/${basename(path)}`] as const]
  })
  const document = async (file: string) => {
    const text = served.reduce(
      (html, [source, address]) => html.replace(`"${source}"`, `"${address}"`),
      await readFile(join(here, file), 'utf8'),
    )
    return assetOf(Buffer.from(text), {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
    })
  }
  assets.set('/tab', await document('page/index.html'))
  for (const [path, name] of Object.entries(pages)) assets.set(path, await document(`site/${name}.html`))
  return assets
}
