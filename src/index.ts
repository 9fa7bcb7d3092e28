import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

// What was compiled is kept beside the packages, so that the next start is quicker; where nothing can be written it is not.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/device-desk', import.meta.url)))
await import('./main.ts')
