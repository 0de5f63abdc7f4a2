'use strict'

// In a file of its own: Node 8 cannot even parse it.
const { pathToFileURL } = require('url')

/** @param {string} file */
module.exports.importModule = (file) => import(pathToFileURL(file).href)
