import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { type Logger, pino } from 'pino'
import { createApp } from './app.ts'
import { describeSettings, readSettings, type Settings } from './config.ts'
import { BotError } from './errors.ts'
import { type Kind, openFileStore } from './store/files.ts'
import { createLocalWork } from './store/work.ts'

const usage = `Device Desk: the mobile devices that connect to Exchange, in Microsoft Teams.

npm start                 the demo, or the bot itself when MicrosoftAppId is set
npm start -- --no-auth    the demo, which also takes activities without a token, from this machine
npm start -- --help       this text

${describeSettings()}`

const flag = { type: 'boolean' } as const

/** A stop may take so many milliseconds; everything is stored in a way that survives being cut off. */
const patience = 10_000

const now = () => new Date()
const onStep = () => {}
const wait = (milliseconds: number, signal: AbortSignal) => sleep(milliseconds, undefined, { signal, ref: false })
/** Teams wants an answer within some seconds; people are told after these milliseconds that work is under way. */
const answerWithin = 1500
const pace = { now: () => performance.now(), wait }

/** Where things are stored, and what carries the work: a folder of this process, or a database that others share. */
async function openStored({ DATABASE_URL: url }: Settings, folder: string, kind: Kind, log: Logger) {
  if (url === undefined)
    return { store: await openFileStore({ folder, kind, log }), work: createLocalWork({ now, log }) }
  // The client of the database takes longer to load than files to open.
  const { openDatabase } = await import('./store/postgres/migrations.ts')
  const { openPostgresStore } = await import('./store/postgres/store.ts')
  const { openPostgresWork } = await import('./store/postgres/work.ts')
  const database = await openDatabase({ url, kind, log })
  return { store: openPostgresStore({ database, log }), work: await openPostgresWork({ database, now, log }) }
}

/** The bot itself, for the one tenant whose app it is. */
async function startProduction() {
  const settings = readSettings(process.env)
  const log = pino({ level: settings.LOG_LEVEL })
  const stored = await openStored(settings, settings.DATA_DIR ?? 'data', 'production', log)
  const app = await createApp({
    settings,
    ...stored,
    demo: false,
    unsigned: false,
    first: [],
    now,
    wait,
    pace,
    log,
    patience: answerWithin,
    onStep,
  })
  log.info({ url: await app.listen() }, 'Device Desk listens')
  return app.close
}

/** Everything on this machine: a small Exchange, a small Teams, and the bot between them. */
async function startDemonstration(unsigned: boolean) {
  const { startDemo } = await import('./sandbox/demo.ts')
  const asked = readSettings(process.env)
  const folder = asked.DATA_DIR ?? 'data-demo'
  const log = pino({ level: process.env.LOG_LEVEL || 'error' }, pino.destination(2))
  const stored = await openStored(asked, folder, 'demo', log)
  let url = ''
  const demo = await startDemo({
    folder,
    port: asked.PORT === 0 ? 0 : asked.PORT + 1,
    exchange: asked.SANDBOX_URL,
    exchangePort: asked.SANDBOX_PORT,
    endpoint: () => `${url}/api/messages`,
  })
  const settings = readSettings({ ...process.env, ...demo.env })
  const app = await createApp({
    settings,
    ...stored,
    demo: true,
    unsigned,
    first: demo.first,
    pretend: demo.pretend,
    now,
    wait,
    pace,
    log,
    patience: answerWithin,
    onStep,
  })
  url = await app.listen()
  await app.connectors.add(app.connectors.check(demo.connector))
  await demo.install()
  console.log(
    `Device Desk, the demo: the bot at ${url}, a sandbox Exchange at ${demo.exchangeUrl}, the tab at ${url}/tab. Ctrl-C ends it.`,
  )
  console.log(`Open ${demo.url}`)
  console.log('Type: find adele')
  return async () => {
    await app.close()
    await demo.close()
  }
}

/** What goes wrong at the start is one sentence where a person can mend it. */
function explain(error: unknown): string {
  if (error instanceof BotError) return error.message
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  if (code.startsWith('ERR_PARSE_ARGS')) return `${error.message.split('. ')[0]}; this is what there is:\n\n${usage}`
  if (code === 'EADDRINUSE')
    return `${error.message}: another program uses this port; set another, for example PORT=4100 npm start`
  return error.stack ?? error.message
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { help: flag, 'no-auth': flag } })
  if (values.help) return console.log(usage)
  const unsigned = values['no-auth'] === true
  if (unsigned && process.env.MicrosoftAppId)
    throw new BotError('CONFIG_INVALID', '- --no-auth is for the demo; do not set MicrosoftAppId with it')
  const stop = await (process.env.MicrosoftAppId ? startProduction() : startDemonstration(unsigned))
  flushCompileCache()
  // By itself V8 lets a heap grow to four times what lives in it before it collects all of it. Set any earlier, this
  // would make V8 refuse what is kept compiled, Node's own modules too.
  setFlagsFromString('--heap-growing-percent=100')
  const end = () => {
    setTimeout(() => {
      console.error(`Device Desk did not end within ${patience} ms and is cut off; what is stored stays as it is.`)
      process.exit(1)
    }, patience).unref()
    stop().then(
      () => process.exit(0),
      (error) => {
        console.error(explain(error))
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(explain(error))
  process.exit(1)
})
