import type { Browser, Locator, Page } from 'playwright-core'
import type { Demo } from './demo.ts'

/** Machines may be slow and busy: whatever is waited for has so many milliseconds. */
const patience = 60_000

const channel = 'Mobile devices'
const head = /The audit record ends with \d+:[0-9a-f]{16} now\./

/**
 * Three wipes, as four people live through them in windows of their own: Hanna asks, Omar and Ines decide in their chats
 * with the bot, Viktor watches a channel. `look` is shown each card that is worth a picture.
 */
export async function openStory(browser: Browser, demo: Demo, look: (card: Locator, name: string) => Promise<void>) {
  /** What went wrong in the pages. */
  const problems: string[] = []

  async function open(person: string, place: string, width = 1040): Promise<Page> {
    const page = await browser.newPage({
      ...{ viewport: { width, height: 860 }, deviceScaleFactor: 1.5 },
      ...{ locale: 'en-GB', reducedMotion: 'reduce' },
    })
    page.setDefaultTimeout(patience)
    page.on('pageerror', ({ message }) => problems.push(message))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(`${demo.chats}/#/${person}/${encodeURIComponent(place)}`)
    await page.locator('.bar h1').waitFor()
    return page
  }

  const [hanna, omar, ines, viktor] = await Promise.all([
    open('hanna', 'personal'),
    open('omar', 'personal'),
    open('ines', 'personal'),
    open('viktor', channel, 1360),
  ])
  const deciders = [omar, ines, viktor]
  const everyone = [hanna, ...deciders]
  /** A channel hears of things some seconds later. */
  const inPerson = [hanna, omar, ines]

  async function say(page: Page, words: string): Promise<void> {
    await page.locator('#compose textarea').fill(words)
    await page.keyboard.press('Enter')
  }

  const button = (where: Page | Locator, name: string) => where.getByRole('button', { name, exact: true })
  /** The one card with such a button. */
  const cardWith = (page: Page, name: string) => page.locator('.card', { has: button(page, name) })
  /** The card by which somebody heard of a request. */
  const cardOf = (page: Page, id: string) => page.locator('.card.full', { hasText: id }).first()

  const read = (pages: readonly Page[], id: string, text: string) =>
    Promise.all(pages.map((page) => cardOf(page, id).getByText(text, { exact: true }).waitFor()))

  /** Somebody who sees the card of a request has these buttons and no others. */
  async function offers(page: Page, id: string, ...names: string[]): Promise<void> {
    const card = cardOf(page, id)
    await card.locator('xpath=ancestor::article').scrollIntoViewIfNeeded()
    for (const name of names) await button(card, name).waitFor()
    await card.getByRole('button').nth(names.length).waitFor({ state: 'detached' })
  }

  /** The personal receipt of what became of a request. */
  async function receipt(page: Page, text: string): Promise<Locator> {
    const card = page.locator('.card', { hasText: text }).last()
    await card.getByText(head).waitFor()
    return card
  }

  /** Hanna sees what would happen and confirms it; everybody concerned has the request. Resolves to its id. */
  async function ask(consequence: string): Promise<string> {
    const card = cardWith(hanna, 'Ask for approval')
    await card.getByText(consequence).waitFor()
    const shortId = card.getByRole('textbox')
    if (await shortId.isVisible()) {
      await look(card, 'wipe-asked')
      await shortId.fill((await shortId.getAttribute('placeholder')) ?? '')
    }
    await button(card, 'Ask for approval').click()
    const [id = ''] = /R\d{4}/.exec((await cardWith(hanna, 'Withdraw').textContent()) ?? '') ?? []
    await read(inPerson, id, 'Waiting for approval')
    return id
  }

  await say(viktor, 'subscribe approvals wipes')
  await viktor.getByText('What is told here').waitFor()

  return {
    problems,

    /** A phone is stolen: found, asked for, approved, handed over, taken and acknowledged. */
    async approved(): Promise<void> {
      await say(hanna, 'find adele')
      await hanna.locator('.card').getByText('adele_iPhone', { exact: true }).click()
      await button(hanna, 'Wipe phone').click()
      await hanna.locator('.card').getByRole('textbox').fill('stolen in Rome')
      await button(hanna, 'Wipe phone').click()
      const id = await ask('The whole phone is erased and reset')
      await offers(hanna, id, 'Withdraw')
      for (const page of deciders) await offers(page, id, 'Approve', 'Deny')
      await look(cardOf(omar, id), 'approval')

      await button(cardOf(omar, id), 'Approve').click()
      await read(inPerson, id, 'With Exchange, waiting for the device')
      await demo.takesWipe((await demo.phone('adele_iPhone')).DeviceId)
      await read(inPerson, id, 'Taken by the device')
      await viktor.getByLabel('Find a phone').fill('adele')
      await button(viktor, 'Let adele_iPhone contact Exchange').click()
      await read(everyone, id, 'Acknowledged by the device')
      for (const step of ['Approved by Omar Haddad.', 'Being handed to Exchange.', 'The device was told to erase.'])
        await read(everyone, id, step)
      for (const page of deciders) await offers(page, id, 'Delete partnership')
      await receipt(omar, `${id}: acknowledged by the device`)
      await look(cardOf(viktor, id), 'wipe-channel')
      await look(await receipt(hanna, `${id}: acknowledged by the device`), 'wipe-receipt')
    },

    /** A phone that was lost is found while its wipe waits for it. */
    async cancelled(): Promise<void> {
      await say(hanna, 'wipe carla_Android lost on the train to Porto')
      const id = await ask('The whole phone is erased and reset')
      await button(cardOf(ines, id), 'Approve').click()
      await read(inPerson, id, 'With Exchange, waiting for the device')
      await button(cardOf(hanna, id), 'Cancel wipe').waitFor()
      await say(hanna, 'cancel-wipe carla_Android the phone was found')
      await read(everyone, id, 'Cancelled by Hanna Berg.')
      for (const page of [hanna, ines]) await receipt(page, `${id}: cancelled`)
    },

    /** An approver knows better. */
    async denied(): Promise<void> {
      await say(hanna, 'wipe adele_Outlook left the company')
      const id = await ask('The data of Outlook is erased')
      await offers(ines, id, 'Approve', 'Deny')
      await say(ines, `deny ${id} she stays until Friday`)
      await read(everyone, id, 'Denied')
      for (const page of everyone) await offers(page, id)
      await read(inPerson, id, 'she stays until Friday')
      await receipt(hanna, `${id}: denied`)
      await look(cardOf(hanna, id), 'wipe-denied')
    },
  }
}
