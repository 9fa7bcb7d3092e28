import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { startDesk, type TestDesk } from './desk.ts'
import { openBrowser } from './pictures/browser.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe('the demo in a browser', function () {
  this.timeout(60_000)
  let desk: TestDesk
  let browser: Browser
  before(async () => {
    ;[desk, browser] = await Promise.all([startDesk(), openBrowser()])
  })
  after(async () => {
    await browser.close()
    await desk.close()
  })

  async function open(address: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, locale: 'en-GB' })
    await page.goto(`${desk.teams.url}/#/${address}`)
    await page.locator('.bar h1').waitFor()
    return page
  }

  const newest = (page: Page) => page.locator('.card').last()

  async function say(page: Page, words: string, answer: string): Promise<void> {
    await page.locator('#compose textarea').fill(words)
    await page.keyboard.press('Enter')
    await newest(page).getByText(answer).first().waitFor()
  }

  it('shows two people a device, lets one find and block it, and both see what Exchange has', async () => {
    const [hanna, omar] = await Promise.all([open('hanna/group'), open('omar/group')])
    await say(hanna, 'device adele_iPhone', 'Allowed')
    const posted = omar.locator('.card').first()
    await posted.getByText("by the organization's default access level").waitFor()
    await say(hanna, 'find adele', '2 devices')
    await newest(hanna).getByText('adele_iPhone').click()
    await newest(hanna).getByRole('button', { name: 'Block' }).click()
    await newest(hanna).getByRole('button', { name: 'Back' }).click()
    await newest(hanna).getByText("by the organization's default access level").waitFor()
    await newest(hanna).getByRole('button', { name: 'Block' }).click()
    await newest(hanna).getByRole('textbox').fill('lost in a taxi')
    await newest(hanna).getByRole('button', { name: 'Block' }).click()
    await newest(hanna).getByText('adele_iPhone is blocked for its mailbox').waitFor()
    for (const card of [posted, hanna.locator('.card').first()])
      await card.getByText('until its next contact, then blocked').waitFor()
    const calls: { cmdlet: string; parameters: unknown }[] = await desk.control('GET', 'calls')
    const [written, ...others] = calls.filter(({ cmdlet }) => cmdlet === 'Set-CASMailbox')
    assert.match(JSON.stringify(written), /"ActiveSyncBlockedDeviceIDs":\{[^}]*"add":\["ADELE0/)
    assert.deepEqual(others, [])
  })

  it('draws cards in which axe finds nothing to mend, by day and by night', async () => {
    const page = await open('viktor/personal')
    for (const [words, answer] of [
      ['help', 'Look up'],
      ['status', 'devices'],
      ['device gwen_iPhone', 'Quarantined'],
      ['user adele', 'Outlook mobile'],
      ['find pemberton', 'Page 1'],
      ['wipe gwen_iPhone lost in a taxi', 'To confirm'],
    ] as const)
      await say(page, words, answer)
    await page.evaluate(axe)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof Axe }).axe.run('#log'))
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`),
        [],
      )
    }
  })
})
