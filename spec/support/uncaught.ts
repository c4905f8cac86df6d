// Errors that functions of the program throw into the library become uncaught exceptions. A test collects them here.

import type { Test } from 'tap'

/** The uncaught exceptions from now until the test ends. */
export function uncaught(t: Test): unknown[] {
  const errors: unknown[] = []
  process.setUncaughtExceptionCaptureCallback((error) => errors.push(error))
  t.teardown(() => process.setUncaughtExceptionCaptureCallback(null))
  return errors
}
