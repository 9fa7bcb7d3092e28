/** `npm run pictures`: the pictures of docs/, taken from the running demo. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from './browser.ts'

const root = new URL('../../', import.meta.url).pathname
const window = { width: 1040, height: 860 }
const tab = { width: 1360, height: 860 }
const phone = { width: 390, height: 780 }

/** Starts the demo on a folder of its own, and resolves to the addresses of its chat page and of the bot. */
async function startDemo(folder: string): Promise<{ demo: ChildProcess; url: string; bot: string }> {
  const env = { ...process.env, PORT: '0', DATA_DIR: folder, MicrosoftAppId: '' }
  const demo = spawn(process.execPath, ['src/index.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const text of demo.stdout) {
    said += text
    const [, bot] = said.match(/the bot at (\S+?),/) ?? []
    const [, url] = said.match(/Open (\S+)/) ?? []
    if (bot === undefined || url === undefined) continue
    while ((await fetch(`${bot}/readyz`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 200))
    return { demo, url, bot }
  }
  throw new Error(`the demo did not start: ${said}`)
}

/** The chat of one person with the bot. */
async function open(browser: Browser, chats: string, person: string, viewport: typeof phone): Promise<Page> {
  const page = await browser.newPage({ viewport, deviceScaleFactor: 1.5, locale: 'en-GB', reducedMotion: 'reduce' })
  await page.goto(`${chats}/#/${person}/personal`)
  await page.locator('.bar h1').waitFor()
  return page
}

/** Types words, and waits for the card that answers them. */
async function say(page: Page, words: string): Promise<void> {
  const cards = await page.locator('.card').count()
  await page.getByRole('combobox').or(page.locator('#compose textarea')).first().fill(words)
  await page.keyboard.press('Enter')
  await page.locator('.card').nth(cards).waitFor()
  await page.locator(':focus').blur()
  await page.waitForTimeout(500)
}

/** Takes what is seen in the light and in the dark. */
async function take(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(root, 'docs', `${name}-${colorScheme}.png`) })
  }
}

/** Asks for a wipe; resolves to the id of the request. */
async function askForWipe(page: Page): Promise<string> {
  await say(page, 'wipe carla_Android lost on the train to Porto')
  const input = page.locator('.card input')
  await input.fill((await input.getAttribute('placeholder')) ?? '')
  await page.getByRole('button', { name: 'Ask for approval' }).click()
  const id = page.locator('.card').getByText(/R\d{4}/)
  return (await id.first().textContent())?.trim() ?? ''
}

async function takeAll(browser: Browser, chats: string): Promise<void> {
  const viktor = await open(browser, chats, 'viktor', window)
  await say(viktor, 'device adele_iPhone')
  await take(viktor, 'device')
  await say(viktor, 'find pemberton')
  await take(viktor, 'list')

  const hanna = await open(browser, chats, 'hanna', phone)
  await say(hanna, 'device gwen_iPhone')
  await take(hanna, 'phone')

  const request = await askForWipe(hanna)
  const omar = await open(browser, chats, 'omar', window)
  await say(omar, `request ${request}`)
  await take(omar, 'approval')
}

/** The tab of one person. */
async function openTab(
  browser: Browser,
  bot: string,
  who: string,
  where: string,
  viewport: typeof phone,
): Promise<Page> {
  const page = await browser.newPage({ viewport, deviceScaleFactor: 1.5, locale: 'en-GB', reducedMotion: 'reduce' })
  await page.goto(`${bot}/tab#/${where}`)
  await page.getByRole('button', { name: who }).click()
  await page.locator('nav a').first().waitFor()
  return page
}

/** The tab once Exchange has told when the first devices were last here, which takes a minute after the first sync. */
async function takeTab(browser: Browser, bot: string): Promise<void> {
  const fleet = await openTab(browser, bot, 'Viktor Lind', 'fleet', tab)
  await fleet.locator('.bar', { hasText: 'Not known' }).waitFor()
  while (!(await fleet.locator('.bar', { hasText: /^Within 7 days\d{2,}$/ }).isVisible())) {
    await fleet.waitForTimeout(5000)
    await fleet.reload()
    await fleet.locator('.bar', { hasText: 'Not known' }).waitFor()
  }
  const last = fleet.getByRole('button', { name: 'Last contact' })
  await last.click({ clickCount: 2 })
  await fleet.locator('.row time').first().waitFor()
  await fleet.mouse.move(0, 0)
  await take(fleet, 'fleet')
  await last.click()
  await fleet.getByLabel('Find devices').fill('pemberton')
  await fleet.locator('.row', { hasText: 'gwen_iPhone' }).click()
  await fleet.locator('#panel .card').waitFor()
  await fleet.mouse.move(0, 0)
  await fleet.waitForTimeout(1500)
  await take(fleet, 'tab')
  const reports = await openTab(browser, bot, 'Viktor Lind', 'reports', tab)
  await reports.locator('.bar').nth(20).waitFor()
  await take(reports, 'reports')
  const small = await openTab(browser, bot, 'Hanna Berg', 'quarantine', phone)
  await small.locator('.row:not(.head, .waiting)').first().waitFor()
  await take(small, 'tab-phone')
}

const folder = await mkdtemp(join(tmpdir(), 'pictures-'))
const { demo, url, bot } = await startDemo(folder)
const browser = await openBrowser()
try {
  await takeAll(browser, url)
  await takeTab(browser, bot)
} finally {
  await browser.close()
  demo.kill('SIGINT')
  await once(demo, 'exit')
  await rm(folder, { recursive: true })
}
