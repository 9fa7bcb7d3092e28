/** `npm run pictures`: the pictures of docs/, taken from the running demo. */

import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import { openStory } from './story.ts'

const root = new URL('../../', import.meta.url).pathname
const window = { width: 1040, height: 860 }
const tab = { width: 1360, height: 860 }
const phone = { width: 390, height: 800 }

/** The chat of one person with the bot, which has welcomed them. */
async function open(browser: Browser, chats: string, person: string, viewport: typeof phone): Promise<Page> {
  const page = await browser.newPage({ viewport, deviceScaleFactor: 1.5, locale: 'en-GB', reducedMotion: 'reduce' })
  await page.goto(`${chats}/#/${person}/personal`)
  await page.locator('.card').first().waitFor()
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

const schemes = ['light', 'dark'] as const

/** Takes what is seen in the light and in the dark. */
async function take(page: Page, name: string, wanted: readonly (typeof schemes)[number][] = schemes): Promise<void> {
  for (const colorScheme of wanted) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(root, 'docs', `${name}-${colorScheme}.png`) })
  }
}

async function takeAll(browser: Browser, chats: string): Promise<void> {
  const viktor = await open(browser, chats, 'viktor', window)
  await say(viktor, 'device adele_iPhone')
  await take(viktor, 'device')
  await say(viktor, 'find pemberton')
  await take(viktor, 'list')

  const ines = await open(browser, chats, 'ines', phone)
  await say(ines, 'device gwen_iPhone')
  await take(ines, 'phone')
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
  await reports.locator('.chart:empty').last().waitFor({ state: 'detached' })
  await take(reports, 'reports')
  const small = await openTab(browser, bot, 'Hanna Berg', 'quarantine', phone)
  await small.locator('.row:not(.head, .waiting)').first().waitFor()
  await take(small, 'tab-phone')
}

/** The story of a wipe, card by card. */
async function takeStory(browser: Browser, demo: Demo): Promise<void> {
  const story = await openStory(browser, demo, async (card, name) => {
    const page = card.page()
    await page.mouse.move(0, 0)
    await card.evaluate((shown) => shown.scrollIntoView({ block: 'end' }))
    await take(page, name, name === 'approval' ? schemes : ['light'])
  })
  await story.approved()
  await story.denied()
}

const [demo, browser] = await Promise.all([startDemo(), openBrowser()])
try {
  await takeAll(browser, demo.chats)
  await takeStory(browser, demo)
  await takeTab(browser, demo.bot)
} finally {
  await browser.close()
  await demo.close()
}
