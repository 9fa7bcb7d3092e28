import { readFile } from 'node:fs/promises'
import type { Door } from '../http.ts'

const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
}

/** The page on which one sees devices and cmdlets. */
export const pageDoor: Door = async (request, response, url) => {
  const found = files[url.pathname]
  if (!found || request.method !== 'GET') return false
  const [file, type] = found
  const body = await readFile(new URL(file, import.meta.url))
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Security-Policy': "default-src 'self'; img-src data:",
    'Cache-Control': 'no-store',
  })
  response.end(body)
  return true
}
