// Printing what no listener takes: the error of a handler. Nothing that this meets ends the process: neither an error that
// cannot be shown, nor a stderr that is a dead pipe, a full disk or closed, nor one that nobody reads.

import type { Connection } from '../connection/connection.js'
import { setImmediate } from '../turn.js'

// A stderr that is so many bytes behind is not read; more than that would only fill the memory.
const BEHIND = 1024 * 1024

const ignore = (): void => {}
/** How many errors are being printed. While there are any, stderr has one listener for its own errors. */
let printing = 0
/** Errors that were not printed, as stderr was behind. */
let unprinted = 0

/** Prints the error of a handler to stderr. Never throws. */
export function print(error: unknown, connection: Connection): void {
  const remote = String(connection.remote)
  const whose = `connection ${connection.id}${remote === '' ? '' : ` (${remote})`}`
  const what = `linnet: the handler of ${whose} failed (listen to 'handlerError' to handle this yourself)`
  try {
    const { stderr } = process
    if (stderr.writableLength > BEHIND) {
      unprinted++
      return
    }
    // A failed write is an event, which comes when console.error has returned; without a listener it ends the process.
    if (printing++ === 0) stderr.on('error', ignore)
    show(unprinted > 0 ? `${what} (${unprinted} before it were not printed: stderr was not read)` : what, error)
    unprinted = 0
    // Called back when what is before it has left or failed; the event of a failure follows in the same turn.
    stderr.write('', () => {
      setImmediate(() => {
        if (--printing === 0) stderr.off('error', ignore)
      })
    })
  } catch {
    // There is no stderr, or it throws: nothing is left to say it on. `stats().handlerErrors` has counted it.
  }
}

/** With the error, or without one that cannot be shown. */
function show(what: string, error: unknown): void {
  try {
    // A format: the error begins a line, and a Unix path may have a per cent sign.
    console.error(`${what.replaceAll('%', '%%')}:\n%O`, error)
  } catch {
    console.error(what)
  }
}
