import { randomUUID } from 'node:crypto'
import { Refusal, type Route, route } from './http.ts'

/** Where accepted files go: what OneDrive is to Teams. The bot puts its bytes to the address it was given. */
export const createFiles = (url: string) => {
  const files = new Map<string, { readonly name: string; bytes: Uint8Array<ArrayBuffer> | undefined }>()

  const find = (id: string) => {
    const file = files.get(id)
    if (!file) throw new Refusal(404, 'itemNotFound', 'The resource could not be found.')
    return file
  }

  const routes: Route[] = [
    route('PUT', '/files/:id', async (request, param) => {
      const file = find(param('id'))
      file.bytes = new Uint8Array(await request.arrayBuffer())
      return Response.json({ name: file.name, size: file.bytes.length }, { status: 201 })
    }),
    route('GET', '/files/:id', (_request, param) => {
      const { name, bytes } = find(param('id'))
      if (!bytes) throw new Refusal(404, 'itemNotFound', 'The file was not uploaded.')
      const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name)}`
      return new Response(bytes, {
        headers: { 'content-type': 'application/octet-stream', 'content-disposition': disposition },
      })
    }),
  ]

  return {
    routes,

    /** A place for one file, as the bot hears of it when its offer was accepted. */
    reserve(name: string) {
      const uniqueId = randomUUID()
      files.set(uniqueId, { name, bytes: undefined })
      const contentUrl = `${url}/files/${uniqueId}`
      return { contentUrl, uploadUrl: contentUrl, name, uniqueId, fileType: name.split('.').at(-1) ?? '' }
    },
  }
}

export type Files = ReturnType<typeof createFiles>
