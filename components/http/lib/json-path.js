'use strict'

/** The value at a dotted path, as `result.items.0.id`; the empty path is the whole. */
function valueAt(data, path = '') {
  const parts = path === '' ? [] : path.split('.')
  return parts.reduce(
    (value, part) => (Object(value) === value && Object.hasOwn(value, part) ? value[part] : undefined),
    data,
  )
}

module.exports = { valueAt }
