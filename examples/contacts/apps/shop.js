import { createServer } from 'node:http'

const KEY = 'shop-key'
// Every time contact 5 comes, the shop is busy twice before it takes it.
const BUSY = { 5: 2 }

/** A small shop. `PUT /contacts/ID` and `PUT /vips/ID` store a contact: if the shop has the time, and if it likes the address. */
export function createShop() {
  const stored = { contacts: new Map(), vips: new Map() }
  const refusals = new Map()

  function isBusy(id) {
    const refused = refusals.get(id) ?? 0
    const busy = refused < (BUSY[id] ?? 0)
    refusals.set(id, busy ? refused + 1 : 0)
    return busy
  }

  function put(list, id, contact) {
    if (isBusy(id)) return [503, { error: 'busy' }]
    if (!/^\S+@\S+$/.test(contact.email)) return [422, { error: `${contact.email} is no email address` }]
    const result = stored[list].has(id) ? 'updated' : 'created'
    stored[list].set(id, contact)
    return [result === 'created' ? 201 : 200, { id: Number(id), list, result }]
  }

  const server = createServer(async (request, response) => {
    const [, list, id] = request.url.split('/')
    const body = await textOf(request)
    if (request.headers['x-api-key'] !== KEY) return answer(response, 401, { error: 'no key' })
    if (request.method !== 'PUT' || !Object.hasOwn(stored, list))
      return answer(response, 404, { error: 'no such thing' })
    return answer(response, ...put(list, id, JSON.parse(body)))
  })
  return { server, stored }
}

async function textOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
