'use strict'

const { setTimeout } = require('node:timers/promises')
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
      // Relative to where the page was found, redirects included.
      if (!URL.canParse(link, page.response.url))
        throw permanent('InvalidResponse', 'the link to the next page is no address')
      return moved(page.request, new URL(link, page.response.url))
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

const MAX_WAITS = 10
const MAX_WAIT_SECONDS = 10
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
    const page = { request, ...(await fetchPatiently(request, index, fetchPage)), index, before }
    page.items = listOf(page.data, items, emit === 'items' || COUNTED.has(pagination.by))
    yield page
    request = kind.next(page, pagination)
    before += page.items.length
  }
}

/**
 * A page that must wait a little is waited for here, unless it is the first: to begin again would mean to ask for all
 * pages again, and to meet the same limit again.
 */
async function fetchPatiently(request, index, fetchPage) {
  for (let waits = 0; ; waits++) {
    try {
      return await fetchPage(request)
    } catch (error) {
      const isWorthIt = index > 0 && waits < MAX_WAITS && error.retryAfterSeconds <= MAX_WAIT_SECONDS
      if (!isWorthIt) throw error
      await setTimeout(error.retryAfterSeconds * 1000)
    }
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
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    const rel = parameters.split(';').find((parameter) => /^\s*rel\s*=/i.test(parameter)) ?? ''
    if (
      rel
        .toLowerCase()
        .split(/[\s=",]+/)
        .includes('next')
    )
      return target
  }
  return undefined
}

module.exports = { pages }
