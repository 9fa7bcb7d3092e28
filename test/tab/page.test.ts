import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type Axe from 'axe-core'
import type { Browser, Locator, Page } from 'playwright-core'
import { chatOf } from '../commands/chat.ts'
import { eventually, type Json, people, startDesk, type TestDesk } from '../desk.ts'
import { openBrowser } from '../pictures/browser.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pages = ['fleet', 'requests', 'quarantine', 'reports', 'policy', 'connectors', 'administrators', 'audit'] as const
/** With those of the demo, 50,000. */
const others = 48_000
/** Seconds that a busy machine may need. */
const patience = 240

describe('the tab in a browser, with 50,000 devices', function () {
  this.timeout(300_000)
  let desk: TestDesk
  let browser: Browser

  before(async () => {
    ;[desk, browser] = await Promise.all([startDesk(), openBrowser()])
    const { address, authority, tenant, clientId, secret } = await desk.control('POST', 'organizations', {
      name: 'Fabrikam',
      devices: others,
    })
    const file = join(desk.folder, 'credentials', 'fabrikam.json')
    const hosts = [new URL(address).host, new URL(authority).host]
    await writeFile(file, JSON.stringify({ hosts, tenant, clientId, secret }), { mode: 0o600 })
    await chmod(file, 0o600)
    const viktor = chatOf(desk, people.full)
    await viktor.say(`connector-add Fabrikam online address:${address} credential:fabrikam authority:${authority}`)
    await eventually(async () => /^50,000 devices/.test((await viktor.say('find')).text), patience)
  })
  after(async () => {
    await browser.close()
    await desk.close()
  })

  interface Look {
    readonly theme?: 'light' | 'dark' | 'contrast'
    readonly width?: number
  }

  /** The tab as somebody has it open. */
  async function open(name: string, page: string, { theme = 'light', width = 1280 }: Look = {}): Promise<Page> {
    const id = desk.teams.directory.people.find((person) => person.name === name)?.aadObjectId ?? ''
    const context = await browser.newContext({
      viewport: { width, height: 860 },
      locale: 'en-GB',
      reducedMotion: 'reduce',
    })
    context.setDefaultTimeout(60_000)
    await context.addInitScript(
      (stored) => {
        sessionStorage.setItem('person', stored.id)
        localStorage.setItem('theme', stored.theme)
      },
      { id, theme },
    )
    const tab = await context.newPage()
    await tab.goto(`${desk.url()}/tab#/${page}`)
    await tab.locator('.page h1').waitFor()
    return tab
  }

  /** Waits until a page has drawn what it is made of. */
  const drawn = (tab: Page) =>
    tab.waitForFunction(
      () => document.querySelector('.row:not(.head, .waiting), .card, tbody tr, .bar, .list') !== null,
    )

  const rows = (tab: Page) => tab.locator('.scroller .row:not(.waiting)')

  it('asks who one is, and shows nothing to those without a role', async () => {
    const context = await browser.newContext()
    const tab = await context.newPage()
    await tab.goto(`${desk.url()}/tab`)
    await tab.getByRole('button', { name: people.nobody }).click()
    await tab.getByText('You have no role in Device Desk.').waitFor()
    assert.equal(await tab.locator('nav a').count(), 0)
    await context.close()
  })

  it('shows each the pages that their rights cover', async () => {
    const tab = await open(people.helpdesk, 'audit')
    await drawn(tab)
    const names = (await tab.locator('nav a').allTextContents()).join()
    assert.match(names, /^Fleet,Requests,Quarantine,Reports/)
    assert.doesNotMatch(names, /Audit/)
    assert.equal(await tab.locator('h1').textContent(), 'Fleet')
    await tab.context().close()
  })

  it('goes through the whole fleet, with few rows at a time', async () => {
    const tab = await open(people.full, 'fleet')
    await tab.getByText(/^50,000 devices\./).waitFor()
    await rows(tab).first().getByRole('button').focus()
    await tab.keyboard.press('ArrowDown')
    await tab.locator('[aria-rowindex="3"] button:focus').waitFor()
    await tab.keyboard.press('End')
    const last = tab.locator('[aria-rowindex="50001"]:not(.waiting)')
    await last.waitFor()
    await tab.locator('[aria-rowindex="50001"] button:focus').waitFor()
    assert.ok((await tab.locator('.scroller .row').count()) < 60)
    await tab.keyboard.press('Enter')
    const name = (await last.locator('.name small').textContent())?.split(' ')[0] ?? ''
    await tab.locator('#panel').getByText(name).first().waitFor()
    await tab.keyboard.press('Escape')
    await tab.locator('[aria-rowindex="50001"] button:focus').waitFor()
    await tab.context().close()
  })

  it('searches, filters by a bar of a chart, and sorts', async () => {
    const tab = await open(people.full, 'fleet')
    await tab.getByLabel('Find devices').fill('adele_iPhone')
    await tab.getByText(/^1 device\./).waitFor()
    await tab.getByLabel('Find devices').fill('')
    await tab.getByText(/^50,000 devices\./).waitFor()
    const bar = tab.getByRole('button', { name: /^EAS 14\.1/ })
    const count = await bar.locator('.value').textContent()
    await bar.click()
    await tab.getByText(new RegExp(`^${count} devices\\.`)).waitFor()
    await tab.getByRole('button', { name: 'No longer only Client: EAS 14.1' }).click()
    await tab.getByText(/^50,000 devices\./).waitFor()
    await tab.getByRole('columnheader', { name: 'Access' }).getByRole('button').click()
    await tab.getByRole('columnheader', { name: 'Access' }).getByRole('button').click()
    await tab.locator('[aria-sort="descending"]').waitFor()
    await rows(tab).first().getByText('Quarantined').waitFor()
    await tab.context().close()
  })

  it('narrows to a connector and a system, and shows the same after a reload', async () => {
    const tab = await open(people.full, 'fleet')
    await tab.getByText(/^50,000 devices\./).waitFor()
    await tab.getByLabel('Connector').selectOption('Contoso')
    await tab.getByText(/^2,000 devices\./).waitFor()
    await tab.getByRole('group', { name: 'Access' }).getByRole('button', { name: 'Blocked' }).click()
    await tab.getByText(/^\d+ devices\./).waitFor()
    await tab.locator('select[aria-label="System"] option:nth-child(2)').waitFor({ state: 'attached' })
    const system = await tab.locator('select[aria-label="System"] option:nth-child(2)').textContent()
    await tab.getByLabel('System', { exact: true }).selectOption(system)
    await tab.getByRole('columnheader', { name: 'Last contact' }).getByRole('button').click()
    await tab.locator('[aria-sort="ascending"]').waitFor()
    await tab.getByLabel('Find devices').fill('e')
    await tab.waitForURL(/text=e/)
    const shown = async () => {
      await tab.getByText(/^(No|\d+) devices?\./).waitFor()
      return {
        count: await tab.getByText(/^(No|\d+) devices?\./).textContent(),
        text: await tab.getByLabel('Find devices').inputValue(),
        selected: await tab.locator('select').evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).value)),
        pressed: await tab.locator('.filters [aria-pressed="true"]').textContent(),
        order: await tab.locator('[aria-sort="ascending"]').textContent(),
      }
    }
    const before = await shown()
    assert.deepEqual(before.selected, [system, 'Contoso'])
    await tab.reload()
    await tab.locator('[aria-sort="ascending"]').waitFor()
    assert.deepEqual(await shown(), before)
    await tab.locator('nav a[href="#/policy"]').click()
    await tab.getByLabel('Connector').selectOption('Contoso')
    await tab.getByText('Policy of Contoso').waitFor()
    await tab.reload()
    await tab.getByText('Policy of Contoso').waitFor()
    await tab.goBack()
    await tab.locator('[aria-sort="ascending"]').waitFor()
    assert.deepEqual(await shown(), before)
    await tab.context().close()
  })

  it('lets two people wipe a phone, and shows both how it goes while it goes', async () => {
    const [hanna, omar] = await Promise.all([open(people.helpdesk, 'fleet'), open(people.approver, 'requests')])
    await omar.getByText('There is none.').waitFor()
    await hanna.getByLabel('Find devices').fill('carla_Android')
    await hanna.getByText(/^1 device\./).waitFor()
    await rows(hanna).first().click()
    const panel = hanna.locator('#panel')
    await panel.getByRole('button', { name: 'Wipe phone' }).click()
    await panel.getByRole('textbox').first().fill('lost on the train')
    await panel.getByRole('button', { name: 'Wipe phone' }).click()
    const confirm = panel.getByRole('textbox')
    await panel.getByRole('button', { name: 'Ask for approval' }).waitFor()
    await confirm.fill((await confirm.getAttribute('placeholder')) ?? '')
    await panel.getByRole('button', { name: 'Ask for approval' }).click()
    await omar.getByRole('button', { name: /carla_Android/ }).click()
    await omar.locator('#panel').getByRole('button', { name: 'Approve' }).click()
    for (const tab of [omar, hanna])
      await tab.locator('#panel').getByText('Exchange has it and waits for the device.').first().waitFor()
    const phones: Json = await (await fetch(`${desk.teams.url}/_sandbox/devices?text=carla`)).json()
    await desk.control('POST', `devices/${phones.phones[0].id}/sync`)
    for (const tab of [omar, hanna])
      await tab.locator('#panel').getByText('Acknowledged by the device', { exact: true }).first().waitFor()
    await Promise.all([hanna.context().close(), omar.context().close()])
  })

  it('answers what is pressed, also when something else comes to be shown while the button is held down', async () => {
    const tab = await open(people.helpdesk, 'fleet')
    await tab.getByLabel('Find devices').fill('carla_Android')
    await tab.getByText(/^1 device\./).waitFor()
    await rows(tab).first().click()
    const panel = tab.locator('#panel')
    await panel.getByRole('button', { name: 'Wipe phone' }).hover()
    await tab.mouse.down()
    const reading = tab.waitForResponse((answer) => {
      const { verb, automatic } = answer.request().postDataJSON() ?? {}
      return verb === 'device' && automatic
    })
    await chatOf(desk, people.full).say('block carla_Android left in a taxi')
    await (await reading).finished()
    await tab.evaluate(() => new Promise(requestAnimationFrame))
    await tab.mouse.up()
    await panel.getByText('This card was out of date, so nothing was done.').waitFor()
    await panel.getByText('blocked by a personal exemption').waitFor()
    await tab.context().close()
  })

  /** Presses a key until something has the focus. */
  async function walkTo(tab: Page, key: string, where: Locator): Promise<void> {
    await where.waitFor()
    for (let steps = 0; steps < 150; steps += 1) {
      if (await where.evaluate((element) => element === document.activeElement)) return
      await tab.keyboard.press(key)
    }
    assert.fail(`no way by ${key} to ${where}`)
  }

  it('lets two people wipe a phone by the keyboard alone', async () => {
    const [hanna, omar] = await Promise.all([open(people.helpdesk, 'reports'), open(people.approver, 'fleet')])
    const panel = hanna.locator('#panel')
    await walkTo(hanna, 'Tab', hanna.getByRole('link', { name: 'Fleet' }))
    await hanna.keyboard.press('Enter')
    await walkTo(hanna, 'Tab', hanna.getByLabel('Find devices'))
    await hanna.keyboard.type('gwen_iPhone')
    await hanna.getByText(/^1 device\./).waitFor()
    await walkTo(hanna, 'Tab', rows(hanna).getByRole('button'))
    await hanna.keyboard.press('Enter')
    await walkTo(hanna, 'Tab', panel.getByRole('button', { name: 'Wipe phone' }))
    await hanna.keyboard.press('Enter')
    await walkTo(hanna, 'Tab', panel.locator('textarea'))
    await hanna.keyboard.type('left in a taxi')
    await walkTo(hanna, 'Tab', panel.getByRole('button', { name: 'Wipe phone' }))
    await hanna.keyboard.press('Space')
    const confirm = panel.getByRole('textbox')
    await panel.getByRole('button', { name: 'Ask for approval' }).waitFor()
    await walkTo(hanna, 'Tab', confirm)
    await hanna.keyboard.type((await confirm.getAttribute('placeholder')) ?? '')
    await walkTo(hanna, 'Tab', panel.getByRole('button', { name: 'Ask for approval' }))
    await hanna.keyboard.press('Enter')
    await panel.getByText('Waiting for approval').first().waitFor()
    await hanna.keyboard.press('Escape')
    await rows(hanna).locator('button:focus').waitFor()

    await walkTo(omar, 'Tab', omar.getByRole('link', { name: 'Requests' }))
    await omar.keyboard.press('Enter')
    await walkTo(omar, 'Tab', omar.getByRole('button', { name: /gwen_iPhone/ }))
    await omar.keyboard.press('Enter')
    await walkTo(omar, 'Shift+Tab', omar.getByRole('button', { name: 'Close' }))
    await walkTo(omar, 'Tab', omar.locator('#panel').getByRole('button', { name: 'Approve' }))
    await omar.keyboard.press('Enter')
    await omar.locator('#panel').getByText('Exchange has it and waits for the device.').first().waitFor()
    await Promise.all([hanna.context().close(), omar.context().close()])
  })

  it('leads by Tab to everything that can be pressed or filled in, on every page', async () => {
    const tab = await open(people.full, 'fleet')
    await tab.route('**/tab/api/events', (route) => route.abort())
    for (const name of pages) {
      await tab.goto('about:blank')
      await tab.goto(`${desk.url()}/tab#/${name}`)
      await drawn(tab)
      await tab.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null)
      const count = await tab.evaluate(() => {
        const all = [
          ...document.querySelectorAll<HTMLElement>('a, button, input, select, textarea, summary, [tabindex]'),
        ]
        const seen = all.filter((one) => one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }))
        document.addEventListener('focusin', ({ target }) => (target as HTMLElement).removeAttribute('data-left'))
        for (const one of seen) one.dataset.left = one.outerHTML.slice(0, 120)
        return seen.length
      })
      assert.ok(count > 8, `${name} ${count}`)
      const left = () => tab.locator('[data-left]').evaluateAll((all) => all.map((one) => one.dataset.left))
      await tab.keyboard.press('Tab')
      await tab.locator('.skip:focus').waitFor()
      // The rows of a table follow one another as they are walked through.
      for (let n = 0; n < 300 && (await left()).length > 0; n += 10)
        for (let step = 0; step < 10; step += 1) await tab.keyboard.press('Tab')
      assert.deepEqual(await left(), [], name)
    }
    await tab.context().close()
  })

  it('says when it hears nothing, and shows what it has missed', async () => {
    const tab = await open(people.full, 'connectors')
    await tab.route('**/tab/api/events', (route) => route.abort())
    await tab.reload()
    await tab.getByText('Device Desk does not answer.').waitFor()
    await tab.getByText('You have set up nothing.').waitFor()
    await chatOf(desk, people.full, 'Mobile devices').say('subscribe stale')
    await tab.unroute('**/tab/api/events')
    await tab.getByText('stale; set up by').waitFor()
    await tab.waitForFunction(() => document.getElementById('status')?.textContent === '')
    await chatOf(desk, people.full, 'Mobile devices').say('unsubscribe')
    await tab.getByText('You have set up nothing.').waitFor()
    await tab.context().close()
  })

  it('leads through the record past the newest 200, and adds what is new', async () => {
    const { aadObjectId: id = '', name, email } = desk.teams.directory.person(people.full)
    const authorization = `Bearer ${await desk.teams.personToken({ id, name, email })}`
    const find = async (text: string) => {
      const body = JSON.stringify({ verb: 'find', data: { text } })
      await fetch(`${desk.url()}/tab/api/ask`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body,
      })
    }
    for (let n = 0; n < 250; n += 1) await find(`record ${n}`)
    const tab = await open(people.full, 'audit?text=record')
    await tab.getByText('The chain is whole').waitFor()
    const cells = tab.locator('tbody')
    await cells.getByText('find text:record 249', { exact: true }).waitFor()
    const first = cells.getByText('find text:record 0', { exact: true })
    assert.equal(await first.count(), 0)
    await tab.getByRole('button', { name: 'Show older records' }).focus()
    await tab.keyboard.press('Enter')
    await first.waitFor()
    const count = await tab.locator('tbody tr').count()
    assert.ok(count >= 250)
    await find('record of what is new')
    await cells.getByText('record of what is new').first().waitFor()
    assert.ok((await tab.locator('tbody tr').count()) > count)
    const numbers = await tab.locator('tbody td:first-child').allTextContents()
    assert.equal(new Set(numbers).size, numbers.length)
    await tab.context().close()
  })

  it('hands out reports as files', async () => {
    const tab = await open(people.full, 'reports')
    const [file] = await Promise.all([
      tab.waitForEvent('download'),
      tab.getByRole('button', { name: 'Access as a file (CSV)' }).click(),
    ])
    assert.match(file.suggestedFilename(), /^access-\d{4}-\d\d-\d\d\.csv$/)
    assert.equal(
      readFileSync(await file.path(), 'utf8')
        .trim()
        .split('\r\n').length,
      50_001,
    )
    await tab.context().close()
  })

  for (const [theme, width] of [
    ['light', 1600],
    ['dark', 360],
    ['contrast', 1600],
    ['light', 360],
    ['dark', 1600],
    ['contrast', 360],
  ] as const)
    it(`has nothing for axe to mend and fits, on any page (${theme}, ${width} pixels)`, async () => {
      const tab = await open(people.full, 'fleet', { theme, width })
      await tab.evaluate(axe)
      const check = async (what: string) => {
        const { violations } = await tab.evaluate(() =>
          (globalThis as unknown as { axe: typeof Axe }).axe.run({ resultTypes: ['violations'] }),
        )
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${what}: ${id} ${nodes[0]?.html}`),
          [],
        )
        assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth)) <= width, `${what} is too wide`)
      }
      for (const name of pages) {
        await tab.locator(`nav a[href="#/${name}"]`).click()
        await drawn(tab)
        await check(name)
      }
      await tab.locator('nav a[href="#/fleet"]').click()
      await rows(tab).first().click()
      await tab.locator('#panel .card').waitFor()
      await check('a device')
      await tab.locator('#panel').getByRole('button', { name: 'Block' }).click()
      await tab.locator('#panel textarea').waitFor()
      await check('a form')
      await tab.context().close()
    })
})
