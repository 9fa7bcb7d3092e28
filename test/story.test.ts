import assert from 'node:assert/strict'
import type { Browser } from 'playwright-core'
import { openBrowser } from './pictures/browser.ts'
import { type Demo, startDemo } from './pictures/demo.ts'
import { openStory } from './pictures/story.ts'

describe('wipes, as four people live through them in a browser', function () {
  this.timeout(300_000)
  let demo: Demo
  let browser: Browser
  let story: Awaited<ReturnType<typeof openStory>>
  before(async () => {
    ;[demo, browser] = await Promise.all([startDemo(), openBrowser()])
    story = await openStory(browser, demo, async () => {})
  })
  after(async () => {
    await browser.close()
    await demo.close()
  })
  afterEach(() => assert.deepEqual(story.problems, []))

  /** What Exchange was told to wipe while something happened. */
  async function wipesDuring(act: () => Promise<void>) {
    const before = (await demo.wipes()).length
    await act()
    return (await demo.wipes()).slice(before)
  }

  it('one is asked for, approved by another, followed until the phone acknowledges it, and told to all', async () => {
    const { Guid: Identity } = await demo.phone('adele_iPhone')
    assert.deepEqual(await wipesDuring(story.approved), [{ Identity, Confirm: false }])
  })

  it('one is approved, and cancelled before the phone has taken it', async () => {
    const { Guid: Identity } = await demo.phone('carla_Android')
    assert.deepEqual(await wipesDuring(story.cancelled), [
      { Identity, Confirm: false },
      { Identity, Cancel: true, Confirm: false },
    ])
  })

  it('one is denied with a reason, and Exchange hears nothing of it', async () => {
    assert.deepEqual(await wipesDuring(story.denied), [])
  })
})
