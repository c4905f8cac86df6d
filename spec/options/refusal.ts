// How a check fails: the issues of its InvalidOptionsError, by path. Any other error, and no error, fails the test.

import assert from 'node:assert'
import { InvalidOptionsError } from '../../lib/errors.js'

/** The error that `action` throws, or undefined. */
export function thrown(action: () => unknown): unknown {
  let thrown: unknown
  try {
    action()
  } catch (error) {
    thrown = error
  }
  return thrown
}

/** The issues of the InvalidOptionsError that `action` throws: their messages by dotted path ('' is the whole). */
export function refusal(action: () => unknown): Record<string, string> {
  const error = thrown(action)
  assert.ok(error instanceof InvalidOptionsError, `an InvalidOptionsError was expected, got ${error}`)
  for (const { path } of error.issues) assert.ok(error.message.includes(path.join('.')), `${path.join('.')} is missing: ${error.message}`)
  return Object.fromEntries(error.issues.map(({ path, message }) => [path.join('.'), message]))
}
