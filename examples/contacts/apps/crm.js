import { createServer } from 'node:http'

const CONTACTS = [
  { id: 1, first: 'Ada', last: 'Lovelace', email: 'Ada@example.org', spent: 1815 },
  { id: 2, first: 'Charles', last: 'Babbage', email: 'charles@example.org', spent: 20 },
  { id: 3, first: 'Grace', last: 'Hopper', email: 'grace@example.org', spent: 1906 },
  { id: 4, first: 'Alan', last: 'Turing', email: null, spent: 40 },
  { id: 5, first: 'Emmy', last: 'Noether', email: 'emmy@example.org', spent: 300 },
  { id: 6, first: 'Kurt', last: 'Gödel', email: 'kurt (at) example.org', spent: 0 },
  { id: 7, first: 'Mary', last: 'Somerville', email: 'mary@example.org', spent: 80 },
]
const LOGIN = `Basic ${btoa('weir:crm-password')}`

/**
 * A small CRM. `GET /contacts?since=TIME&limit=N` gives the contacts that changed later than that, oldest change first,
 * as `{contacts, next, more}`; `next` is the `since` of the next page.
 */
export function createCrm() {
  let lastChange = Date.parse('2024-01-01')
  const contacts = CONTACTS.map((contact) => ({ ...contact, changedAt: isoTime((lastChange += 1000)) }))

  /** A customer buys something. */
  function buy(id, amount) {
    lastChange = Math.max(Date.now(), lastChange + 1)
    const contact = contacts.find((one) => one.id === id)
    Object.assign(contact, { spent: contact.spent + amount, changedAt: isoTime(lastChange) })
    contacts.sort((a, b) => a.changedAt.localeCompare(b.changedAt))
    return contact
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://crm')
    if (request.headers.authorization !== LOGIN) return answer(response, 401, { error: 'sign in' })
    if (request.method !== 'GET' || pathname !== '/contacts') return answer(response, 404, { error: 'no such thing' })
    const since = searchParams.get('since') ?? ''
    const limit = Number(searchParams.get('limit') ?? 100)
    const changed = contacts.filter(({ changedAt }) => changedAt > since)
    const page = changed.slice(0, limit)
    const next = page.at(-1)?.changedAt ?? since
    return answer(response, 200, { contacts: page, next, more: changed.length > page.length })
  })
  return { server, buy }
}

function isoTime(time) {
  return new Date(time).toISOString()
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
