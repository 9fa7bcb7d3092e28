import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import type { Door } from '../http.ts'

const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.ts': ['page.ts', 'text/javascript; charset=utf-8'],
}

/** The page on which one sees devices and cmdlets. */
export const pageDoor: Door = async (request, response, url) => {
  const [file, type] = files[url.pathname] ?? []
  if (file === undefined || request.method !== 'GET') return false
  const body = await readFile(new URL(file, import.meta.url), 'utf8')
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Security-Policy': "default-src 'self'; img-src data:",
    'Cache-Control': 'no-store',
  })
  response.end(file.endsWith('.ts') ? stripTypeScriptTypes(body) : body)
  return true
}
