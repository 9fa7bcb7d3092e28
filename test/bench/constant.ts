/** restify answering the same to everything that is posted: what a web server costs by itself. */

import { once } from 'node:events'
import restify from 'restify'

const answer = 'x'.repeat(Number(process.env.BYTES))
const server = restify.createServer()
server.post('/tab/api/ask', async (request, response) => {
  request.resume()
  await once(request, 'end')
  response.end(answer)
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
