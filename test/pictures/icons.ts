import { readFile } from 'node:fs/promises'
import { openBrowser } from './browser.ts'

/** Draws the icons of the app package from their SVG; Teams takes PNG of exactly these sizes. */
const icons = [
  { name: 'color', size: 192 },
  { name: 'outline', size: 32 },
]
const folder = new URL('../../manifest/', import.meta.url)
const browser = await openBrowser()
for (const { name, size } of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  const svg = await readFile(new URL(`${name}.svg`, folder), 'utf8')
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`)
  await page.screenshot({ path: new URL(`${name}.png`, folder).pathname, omitBackground: true })
  await page.close()
}
await browser.close()
