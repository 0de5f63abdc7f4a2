'use strict'

const fs = require('fs')
const path = require('path')

/**
 * The file that holds a function, by the component's own component.json: for a resource that names the function and not its file.
 * Empty when nothing tells.
 *
 * @param {string} root @param {string} name
 */
function declaredMain(root, name) {
  const json = readJson(path.join(root, 'component.json'))
  const kinds = json === undefined ? [] : [json.triggers, json.actions]
  const found = kinds.map((functions) => mainIn(functions, name)).find((main) => main !== undefined)
  return found === undefined ? '' : found
}

/** @param {any} functions @param {string} name @returns {string | undefined} */
function mainIn(functions, name) {
  if (!functions || !Object.prototype.hasOwnProperty.call(functions, name)) return undefined
  const main = functions[name] && functions[name].main
  return typeof main === 'string' && main !== '' ? main : undefined
}

/** @param {string} file @returns {any} */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_unreadable) {
    return undefined // whoever asks is told what is missing
  }
}

module.exports = { declaredMain }
