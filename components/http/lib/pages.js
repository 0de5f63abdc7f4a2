'use strict'

const { nameOf } = require('./exchange.js')
const { permanent } = require('./failure.js')
const { valueAt } = require('./json-path.js')
const { withQuery } = require('./read-request.js')
const { moved } = require('./send.js')

/** How each kind of pagination begins and goes on: `next` gives the following request, or undefined at the end. */
const KINDS = {
  none: { begin: (request) => request, next: () => undefined },
  /** The answer says where the next page is: at `path` in its body, else in its Link header. */
  link: {
    begin: (request) => request,
    next: (page, { path }) => {
      const link = path === undefined ? linkHeader(page.response.headers.link) : valueAt(page.data, path)
      if (typeof link !== 'string' || link === '') return undefined
      if (!URL.canParse(link, page.request.url))
        throw permanent('InvalidResponse', 'the link to the next page is not an address')
      return moved(page.request, new URL(link, page.request.url))
    },
  },
  /** `page=1`, `page=2`, … until a page is empty or not full. */
  page: {
    begin: (request, { query = 'page', start = 1, ...rest }) => at(request, { [query]: start, ...sized(rest) }),
    next: (page, { query = 'page', start = 1, size }) =>
      isLast(page, size) ? undefined : at(page.request, { [query]: start + page.index + 1 }),
  },
  /** `offset=0`, `offset=100`, … by what has come so far. */
  offset: {
    begin: (request, { query = 'offset', start = 0, ...rest }) => at(request, { [query]: start, ...sized(rest) }),
    next: (page, { query = 'offset', start = 0, size }) =>
      isLast(page, size) ? undefined : at(page.request, { [query]: start + page.before + page.items.length }),
  },
  /** The answer holds at `path` what the next request must send. */
  cursor: {
    begin: (request, options) => at(request, sized(options)),
    next: (page, { query = 'cursor', path = 'cursor' }) => {
      const cursor = valueAt(page.data, path)
      return cursor == null || cursor === '' ? undefined : at(page.request, { [query]: cursor })
    },
  },
}

const COUNTED = new Set(['page', 'offset'])

/**
 * Every page of a list, `{request, response, data, items, index, before}`, each fetched when the one before it has been used.
 *
 * @param cfg.items dotted path to the list in a page, by default the page itself
 * @param fetchPage gives `{response, data}` of a request
 */
async function* pages(first, { pagination = { by: 'none' }, items, emit }, fetchPage) {
  const kind = Object.hasOwn(KINDS, pagination.by) ? KINDS[pagination.by] : undefined
  if (!kind)
    throw permanent('InvalidConfig', `pagination.by "${pagination.by}" is none of ${Object.keys(KINDS).join(', ')}`)
  const maxPages = pagination.maxPages ?? 1000
  const seen = new Set()
  let request = kind.begin(first, pagination)
  let before = 0
  for (let index = 0; request; index++) {
    if (index >= maxPages)
      throw permanent('TooManyPages', `${nameOf(first)} has more than ${maxPages} pages; raise pagination.maxPages`)
    if (seen.has(request.url.href))
      throw permanent('EndlessPages', `${nameOf(first)} gives the same page as the next one again`)
    seen.add(request.url.href)
    const page = { request, ...(await fetchPage(request)), index, before }
    page.items = listOf(page.data, items, emit === 'items' || COUNTED.has(pagination.by))
    yield page
    request = kind.next(page, pagination)
    before += page.items.length
  }
}

/** The items of a page, at the dotted path `place` of it. */
function listOf(data, place, isNeeded) {
  const list = valueAt(data, place)
  if (Array.isArray(list)) return list
  if (!isNeeded && place === undefined) return []
  const what = place ? `has no list at "${place}"` : 'is not a list; say with items where in it the list is'
  throw permanent('InvalidResponse', `the answer ${what}`)
}

function isLast({ items }, size) {
  return items.length === 0 || (size !== undefined && items.length < size)
}

function sized({ size, sizeQuery }) {
  return sizeQuery === undefined ? {} : { [sizeQuery]: size }
}

function at(request, query) {
  return { ...request, url: withQuery(request.url, query) }
}

/** The target of `rel=next` in a Link header (RFC 8288). */
function linkHeader(header = '') {
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>((?:\s*;[^,<]*)*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|$)/i.test(parameters)) return target
  }
  return undefined
}

module.exports = { pages }
