// What a program's function throws into the library is an uncaught exception of the program: here a test takes them.

import type { Test } from 'tap'

/** The uncaught exceptions from now on until the test is over. */
export function uncaught(t: Test): unknown[] {
  const errors: unknown[] = []
  process.setUncaughtExceptionCaptureCallback((error) => errors.push(error))
  t.teardown(() => process.setUncaughtExceptionCaptureCallback(null))
  return errors
}
