import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import chromium from '@sparticuz/chromium'
import type Axe from 'axe-core'
import { TurnContext } from 'botbuilder'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { listen, route } from '../../../src/sandbox/teams/http.ts'
import { startTeamsWithBot } from './bot.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const cardType = 'application/vnd.microsoft.card.adaptive'
const card = (text: string, more: object = {}) => ({
  contentType: cardType,
  content: { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text, wrap: true }], ...more },
})
const execute = (title: string, verb: string, data: object = {}) => ({ type: 'Action.Execute', title, verb, data })

const commands = [
  { title: 'help', description: 'What I can do' },
  { title: 'find', description: 'Looks for devices' },
  { title: 'device', description: 'Shows a device' },
]

const device = {
  name: 'adele_iPhone',
  DeviceId: 'ADELE0',
  DeviceModel: 'iPhone16C1',
  DeviceOS: 'iOS 26.1',
  DeviceFriendlyName: "Adele's iPhone",
  DeviceAccessState: 'Allowed',
  LastSyncAttemptTime: new Date().toISOString(),
  Status: 'DeviceOk',
  configured: true,
}

describe('sandbox/teams page', function () {
  this.timeout(30_000)
  let browser: Browser
  let started: Awaited<ReturnType<typeof startTeamsWithBot>>
  let exchange: Awaited<ReturnType<typeof listen>>
  let phones: (typeof device)[]
  let turn: (context: TurnContext) => Promise<unknown>
  let problems: string[]

  before(async () => {
    exchange = await listen(0)
    exchange.serve([
      route('GET', '/_sandbox/devices', () => Response.json(phones)),
      route('POST', '/_sandbox/devices/:id/sync', (_, param) => {
        phones = phones.map((phone) => ({ ...phone, Status: 'DeviceWipeSucceeded', configured: false }))
        return Response.json({ contacts: [{ name: `${param('id')}`, outcome: 'wipe acknowledged' }] })
      }),
    ])
    started = await startTeamsWithBot((context) => turn(context), {
      exchange: exchange.url,
      commandLists: [{ scopes: ['personal', 'team', 'groupChat'], commands }],
    })
    browser = await playwright.launch({
      executablePath: await chromium.executablePath(),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    })
  })
  after(async () => {
    await browser.close()
    await started.close()
    await exchange.close()
  })
  beforeEach(() => {
    phones = [device]
    problems = []
    turn = async () => {}
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    assert.deepEqual(problems, [])
  })

  const open = async (address: string, options: Parameters<Browser['newContext']>[0] = {}) => {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options })
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    await page.goto(`${started.teams.url}/#/${address}`)
    await page.locator('.bar h1').waitFor()
    return page
  }
  const postCard = async (attachment: object, where = 'group') => {
    const before = turn
    turn = (context) => context.sendActivity({ attachments: [attachment] as never })
    const { posted } = await started.teams.say('hanna', where, 'device adele')
    turn = before
    return posted[0]?.id ?? ''
  }
  const message = (page: Page, id: string) => page.locator(`[data-id="${id}"]`)

  it('lets a person talk to the bot with the keyboard alone', async () => {
    turn = (context) =>
      context.sendActivity({ attachments: [card('Found **nothing**', { actions: [execute('More', 'find')] })] })
    const page = await open('noah/personal')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.keyboard.type('/fi')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('nobody')
    await page.keyboard.press('Enter')
    await page.locator('.card strong', { hasText: 'nothing' }).waitFor()
    assert.equal(started.heard.at(-1)?.text, 'find nobody')
    turn = async () => ({ statusCode: 200, type: cardType, value: card('Found more').content })
    await page.keyboard.press('Shift+Tab')
    while ((await page.locator(':focus').textContent()) !== 'More') await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Found more').waitFor()
  })

  it('shows the answer to a press to the one who pressed, and an edit to all', async () => {
    const id = await postCard(card('for all', { actions: [execute('Block', 'block', { ref: 'x' })] }))
    const [omar, ines] = [await open('omar/group'), await open('ines/group')]
    turn = async () => ({ statusCode: 200, type: cardType, value: card('for Omar').content })
    await message(omar, id).getByRole('button', { name: 'Block' }).click()
    await message(omar, id).getByText('for Omar').waitFor()
    assert.deepEqual(started.heard.at(-1)?.value.action, { type: 'Action.Execute', verb: 'block', data: { ref: 'x' } })
    await message(ines, id).getByText('for all').waitFor()
    turn = (context) => context.updateActivity({ type: 'message', id, attachments: [card('edited')] })
    await started.teams.say('hanna', 'group', 'edit it')
    for (const page of [omar, ines]) await message(page, id).getByText('edited', { exact: true }).waitFor()
  })

  it('refreshes a card when somebody sees it', async () => {
    const refresh = { action: execute('Refresh', 'refresh') }
    const id = await postCard(card('for all', { refresh }))
    turn = async ({ activity }) => {
      const mine = card(`for ${activity.from.name}, ${activity.value.trigger}`, { refresh })
      return { statusCode: 200, type: cardType, value: mine.content }
    }
    const page = await open('omar/group')
    await message(page, id).getByText('for Omar Haddad, automatic').waitFor()
    await message(page, id).hover()
    await message(page, id).getByRole('button', { name: 'Refresh card' }).click()
    await message(page, id).getByText('for Omar Haddad, manual').waitFor()
  })

  it('sends inputs along, and shows messages and errors', async () => {
    const body = [{ type: 'Input.Text', id: 'reason', label: 'Reason', isRequired: true, errorMessage: 'Say why.' }]
    const id = await postCard(card('', { body, actions: [execute('Wipe', 'wipe', { ref: 'x' })] }))
    const page = await open('omar/group')
    const wipe = message(page, id).getByRole('button', { name: 'Wipe' })
    started.heard.length = 0
    await wipe.click()
    await message(page, id).getByText('Say why.').waitFor()
    assert.equal(started.heard.length, 0)
    await message(page, id).getByLabel('Reason').fill('lost')
    turn = async () => ({ statusCode: 200, type: 'application/vnd.microsoft.activity.message', value: 'Noted.' })
    await wipe.click()
    await page.locator('.toast', { hasText: 'Noted.' }).waitFor()
    assert.deepEqual(started.heard.at(-1)?.value.action.data, { ref: 'x', reason: 'lost' })
    const error = { code: 'BadRequest', message: 'Open the card anew.' }
    turn = async () => ({ statusCode: 400, type: 'application/vnd.microsoft.error', value: error })
    await wipe.click()
    await message(page, id).getByRole('alert').getByText('Open the card anew.').waitFor()
  })

  it('opens a dialog, sends its form and closes it', async () => {
    const submit = { type: 'Action.Submit', title: 'Why', data: { msteams: { type: 'task/fetch' }, ref: 'x' } }
    const id = await postCard(card('for all', { actions: [submit] }))
    const form = card('', {
      body: [{ type: 'Input.Text', id: 'reason', label: 'Reason' }],
      actions: [{ type: 'Action.Submit', title: 'Send' }],
    })
    const page = await open('omar/group')
    turn = async () => ({ task: { type: 'continue', value: { title: 'Give a reason', card: form } } })
    await message(page, id).getByRole('button', { name: 'Why' }).click()
    const dialog = page.getByRole('dialog', { name: 'Give a reason' })
    await dialog.getByLabel('Reason').fill('lost')
    turn = async () => ({ task: { type: 'message', value: 'Thank you.' } })
    await dialog.getByRole('button', { name: 'Send' }).click()
    await page.locator('.toast', { hasText: 'Thank you.' }).waitFor()
    assert.equal(await dialog.isVisible(), false)
    assert.deepEqual(started.heard.at(-1)?.value.data, { reason: 'lost' })
  })

  it('keeps threads apart, and mentions the bot and people', async () => {
    turn = (context) => context.sendActivity('hello')
    const page = await open('hanna/Mobile%20devices')
    const main = page.locator('#compose textarea')
    for (const text of ['first', 'second']) {
      await main.fill(text)
      await main.press('Enter')
      await page.locator('.thread', { hasText: text }).getByText('hello').waitFor()
    }
    const first = page.locator('.thread', { hasText: 'first' })
    await first.getByRole('button', { name: 'Reply' }).click()
    await page.keyboard.type('@Om')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await first.locator('.mention', { hasText: 'Omar Haddad' }).waitFor()
    const [root, , other] = started.teams.messages('hanna', 'Mobile devices')
    assert.equal(started.heard.at(-1)?.text, '<at>Device Desk</at> <at>Omar Haddad</at>')
    assert.equal(started.heard.at(-1)?.conversation.id, root?.conversation)
    assert.notEqual(other?.conversation, root?.conversation)
  })

  it('shows what happens elsewhere as it happens', async () => {
    const page = await open('omar/personal')
    turn = (context) => context.sendActivity('good news')
    const { posted } = await started.teams.say('hanna', 'group', 'news?')
    await page
      .getByRole('link', { name: /Helpdesk/ })
      .locator('.count', { hasText: '2' })
      .waitFor()
    await page.getByRole('link', { name: /Helpdesk/ }).click()
    const id = posted[0]?.id ?? ''
    await message(page, id).getByText('good news').waitFor()
    turn = (context) => context.updateActivity({ type: 'message', id, text: 'better news' })
    await started.teams.say('hanna', 'group', 'and now?')
    await message(page, id).getByText('Edited').waitFor()
    turn = (context) => context.deleteActivity(id)
    await started.teams.say('hanna', 'group', 'delete it')
    await message(page, id).getByText('This message was deleted.').waitFor()
    turn = (context) => context.sendActivity({ type: 'typing' })
    await started.teams.say('hanna', 'group', 'slowly')
    await page.getByText('Device Desk is writing').waitFor()
  })

  it('draws what people typed as text, and times in the zone of the reader', async () => {
    const ugly = '<img src=x onerror=alert(1)> [x](javascript:alert(1)) <at>all</at>'
    const body = [
      { type: 'TextBlock', text: ugly },
      { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: '**not bold** [x](http://evil)' }] },
      { type: 'TextBlock', text: '{{DATE(2026-11-22T20:30:00Z,SHORT)}} {{TIME(2026-11-22T20:30:00Z)}}' },
    ]
    const id = await postCard(card('', { body }))
    await started.teams.say('hanna', 'group', ugly, { mention: false })
    const page = await open('omar/group', { timezoneId: 'Asia/Tokyo' })
    assert.deepEqual(await message(page, id).locator(':is(.ac-textBlock, .ac-richTextBlock)').allTextContents(), [
      ugly,
      '**not bold** [x](http://evil)',
      'Mon, 23 Nov 2026 5:30',
    ])
    assert.equal(await message(page, id).locator('.card a, .card img').count(), 0)
    await page.locator('.bubble', { hasText: ugly }).waitFor()
  })

  it('follows the newest message, unless one has scrolled up', async () => {
    for (let n = 0; n < 5; n++) await postCard(card('A long text. '.repeat(60)), 'personal')
    const page = await open('hanna/personal', { viewport: { width: 400, height: 700 } })
    const atFoot = () =>
      page.waitForFunction(() => {
        const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = document.querySelector('#log') ?? {}
        return scrollHeight - scrollTop - clientHeight < 10
      })
    await atFoot()
    await message(page, await postCard(card('one more'), 'personal')).waitFor()
    await atFoot()
    const scroll = (pixels: number, grown: number) =>
      page.locator('#log').evaluate(
        (log, [pixels = 0, grown = 0]) =>
          new Promise<void>((resolve) => {
            log.addEventListener('scroll', () => setTimeout(resolve), { once: true })
            log.scrollTop += pixels
            const style = `height: ${grown}px`
            log.querySelector('.list')?.append(Object.assign(document.createElement('div'), { style }))
          }),
        [pixels, grown],
      )
    await scroll(-40, 0)
    await scroll(40, 500)
    await atFoot()
    await page.locator('#log').evaluate((log) => {
      const scrolled = new Promise((resolve) => log.addEventListener('scroll', resolve, { once: true }))
      log.scrollTo(0, 0)
      return scrolled.then(() => undefined)
    })
    await started.adapter.continueConversationAsync(
      started.teams.settings.MicrosoftAppId,
      TurnContext.getConversationReference(started.heard.at(-1) ?? {}),
      async (context) => {
        await context.sendActivity('yet one')
      },
    )
    await page.getByRole('button', { name: 'New messages' }).click()
    await atFoot()
  })

  it('draws a card of full width wider than others', async () => {
    const narrow = await postCard(card('narrow'))
    const wide = await postCard(card('wide', { msteams: { width: 'Full' } }))
    const page = await open('omar/group')
    const width = async (id: string) => (await message(page, id).locator('.card').boundingBox())?.width ?? 0
    assert.ok((await width(wide)) > (await width(narrow)) * 1.1)
  })

  it('offers a file and takes it', async () => {
    const content = { description: 'All of them', sizeInBytes: 2048, acceptContext: {}, declineContext: {} }
    const id = await postCard(
      { contentType: 'application/vnd.microsoft.teams.card.file.consent', name: 'stale.csv', content },
      'personal',
    )
    turn = async ({ activity }) => {
      await fetch(activity.value.uploadInfo.uploadUrl, { method: 'PUT', body: 'a,b' })
    }
    const page = await open('hanna/personal')
    await message(page, id).getByRole('button', { name: 'Accept' }).click()
    await message(page, id).getByText('You accepted this file.').waitFor()
  })

  it('lets a phone contact Exchange', async () => {
    phones = [{ ...device, Status: 'DeviceWipePending' }]
    const page = await open('hanna/personal')
    await page.locator('.phones .state', { hasText: 'Wipe waits for contact' }).waitFor()
    await page.getByRole('button', { name: 'Let adele_iPhone contact Exchange' }).click()
    await page.locator('.phones .state', { hasText: 'Wiped' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Exchange' }).getAttribute('href'), exchange.url)
  })

  it('lets a phone contact Exchange that changes while its button is held down', async () => {
    const page = await open('hanna/personal')
    await page.getByRole('button', { name: 'Let adele_iPhone contact Exchange' }).hover()
    await page.mouse.down()
    phones = [{ ...device, Status: 'DeviceWipePending' }]
    const looked = page.waitForResponse(/devices\?text=adele$/)
    await page.getByLabel('Find a phone').fill('adele')
    await (await looked).finished()
    await page.evaluate(() => new Promise(requestAnimationFrame))
    await page.mouse.up()
    await page.locator('.phones .state', { hasText: 'Wiped' }).waitFor()
  })

  it('finds the phones of what was typed last, whichever answer comes first', async () => {
    const page = await open('hanna/personal')
    const search = page.getByLabel('Find a phone')
    const late = Promise.withResolvers<void>()
    await page.route(/devices\?text=a$/, async (asked) => {
      await late.promise
      await asked.fulfill({ json: { total: 0, phones: [] } })
    })
    await search.fill('a')
    const looked = page.waitForResponse(/devices\?text=ad$/)
    await search.fill('ad')
    await (await looked).finished()
    const first = page.waitForResponse(/devices\?text=a$/)
    late.resolve()
    await (await first).finished()
    await page.evaluate(() => new Promise(requestAnimationFrame))
    assert.equal(await page.locator('.phones .state').count(), 1)
  })

  it('fits on a screen of 400 pixels, conversation or list', async () => {
    await postCard(card('A long text. '.repeat(20), { msteams: { width: 'Full' } }))
    const page = await open('hanna/group', { viewport: { width: 400, height: 800 } })
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.equal(await overflow(), 0)
    await page.getByRole('link', { name: 'All conversations' }).click()
    await page.getByRole('link', { name: /Mobile devices/ }).click()
    await page.getByRole('heading', { name: 'Mobile devices', level: 1 }).waitFor()
    assert.equal(await overflow(), 0)
  })

  it('changes person and theme in its menu', async () => {
    const page = await open('hanna/group')
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await background()
    await page.getByRole('button', { name: /^Hanna Berg Change/ }).click()
    await page.getByText('dark', { exact: true }).click()
    assert.notEqual(await background(), light)
    await page.getByRole('link', { name: /^Omar Haddad/ }).click()
    await page.getByRole('button', { name: /^Omar Haddad Change/ }).waitFor()
    assert.match(page.url(), /#\/omar\/group$/)
  })

  describe('has nothing that axe would mend', () => {
    const check = async (page: Page, rules?: string[]) => {
      await page.evaluate(axe)
      const { violations } = await page.evaluate(
        (runOnly) => (globalThis as never as { axe: typeof Axe }).axe.run(runOnly ? { runOnly } : {}),
        rules,
      )
      assert.deepEqual(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)]),
        [],
      )
    }
    const everything = card('A **heading** and a [link](https://example.com)', {
      body: [
        { type: 'TextBlock', text: 'adele_iPhone', style: 'heading' },
        { type: 'FactSet', facts: [{ title: 'Model', value: 'iPhone' }] },
        ...['default', 'emphasis', 'accent', 'good', 'warning', 'attention'].map((style) => ({
          type: 'Container',
          style,
          items: [
            ...['default', 'accent', 'good', 'warning', 'attention'].map((color) => ({
              type: 'TextBlock',
              text: color,
              color,
            })),
            { type: 'TextBlock', text: 'subtle', isSubtle: true },
          ],
        })),
        { type: 'Input.Text', id: 'reason', label: 'Reason', isRequired: true },
        { type: 'Input.ChoiceSet', id: 'kind', label: 'Kind', choices: [{ title: 'a', value: 'a' }] },
        { type: 'Input.Toggle', id: 'told', title: 'Told' },
      ],
      actions: [
        execute('Block', 'block'),
        { ...execute('Wipe', 'wipe'), style: 'destructive' },
        { ...execute('Allow', 'allow'), style: 'positive' },
        { type: 'Action.Submit', title: 'Why', data: { msteams: { type: 'task/fetch' } } },
      ],
    })

    for (const [colorScheme, rules] of [
      ['light', undefined],
      ['dark', ['color-contrast']],
    ] as const) {
      it(`in a channel, with suggestions, its menu and a dialog, ${colorScheme}`, async () => {
        const id = await postCard(everything, 'General')
        turn = async () => ({ task: { type: 'continue', value: { title: 'Again', card: everything } } })
        const page = await open('viktor/General', { colorScheme })
        await page.locator('#compose textarea').focus()
        await page.keyboard.press('ArrowDown')
        await check(page, rules && [...rules])
        await page.getByRole('button', { name: /Change person/ }).click()
        await check(page, rules && [...rules])
        await page.keyboard.press('Escape')
        await message(page, id).getByLabel('Reason').fill('lost')
        await message(page, id).getByRole('button', { name: 'Why' }).click()
        await page.getByRole('dialog').waitFor()
        await check(page, rules && [...rules])
      })
    }

    it('on a small screen, with an empty chat and its list', async () => {
      const page = await open('viktor/personal', { viewport: { width: 400, height: 800 } })
      await check(page)
      await page.getByRole('link', { name: 'All conversations' }).click()
      await check(page)
    })
  })
})
