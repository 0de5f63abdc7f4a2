'use strict'

/**
 * What a component's function gave: a native Promise for anything that takes time, else the value itself.
 *
 * @param {any} result whatever the component returned
 * @param {(value: unknown) => Promise<unknown>} onYield takes what an async generator yields
 */
function resultOf(result, onYield) {
  if (typeof result !== 'object' || result === null) return typeof result === 'function' ? undefined : result
  if (isGenerator(result)) return drive(result)
  if (isAsyncGenerator(result)) return drain(result, onYield)
  // Bluebird's and other realms' promises too.
  return typeof result.then === 'function' ? Promise.resolve(result) : result
}

function isGenerator(value) {
  return isIterator(value) && typeof value[Symbol.iterator] === 'function'
}

function isAsyncGenerator(value) {
  return isIterator(value) && Boolean(Symbol.asyncIterator) && typeof value[Symbol.asyncIterator] === 'function'
}

function isIterator(value) {
  return typeof value.next === 'function' && typeof value.throw === 'function'
}

/** Runs a generator as `co` does: what it yields is awaited and handed back; what it returns is the result. */
function drive(generator) {
  return new Promise((resolve, reject) => {
    function advance(method, value) {
      let step
      try {
        step = generator[method](value)
      } catch (error) {
        reject(error)
        return
      }
      if (step.done) resolve(step.value)
      else
        awaited(step.value).then(
          (next) => advance('next', next),
          (error) => advance('throw', error),
        )
    }
    advance('next', undefined)
  })
}

function awaited(value) {
  if (Array.isArray(value)) return Promise.all(value.map(awaited))
  if (typeof value === 'object' && value !== null && isGenerator(value)) return drive(value)
  return Promise.resolve(value)
}

/** Emits what an async generator yields, each when the one before is confirmed. */
async function drain(generator, onYield) {
  let step = await generator.next()
  while (!step.done) {
    await onYield(step.value)
    step = await generator.next()
  }
  return step.value
}

module.exports = { resultOf }
