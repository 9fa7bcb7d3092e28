import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'

/** A browser out of an npm package, so that pictures are made alike everywhere. */
export const openBrowser = async () =>
  playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none'],
  })
