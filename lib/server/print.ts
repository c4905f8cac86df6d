// Prints the error of a handler when no listener of `handlerError` takes it. Printing never ends the process, whether the
// error cannot be inspected, or stderr is a broken pipe, a full disk, closed, or not read.

import type { Connection } from '../connection/connection.js'
import { setImmediate } from '../turn.js'

// A stderr with this many unwritten bytes is not being read. Printing more would only fill the memory.
const MOST_UNWRITTEN = 1024 * 1024

const ignore = (): void => {}
/** The number of errors that are being printed to a stderr. While it is above 0, the stderr has one `error` listener of this module. */
const printing = new WeakMap<NodeJS.WriteStream, number>()
/** The number of errors that were left out because stderr was not read. */
let unprinted = 0

/** Prints the error of a handler to stderr. Never throws. */
export function print(error: unknown, connection: Connection): void {
  const remote = String(connection.remote)
  const whose = `connection ${connection.id}${remote === '' ? '' : ` (${remote})`}`
  const what = `linnet: the handler of ${whose} failed (listen to 'handlerError' to handle this yourself)`
  try {
    const { stderr } = process
    if (stderr.writableLength > MOST_UNWRITTEN) {
      unprinted++
      return
    }
    // A failed write is an `error` event after console.error has returned. Without a listener it would end the process.
    const others = printing.get(stderr) ?? 0
    if (others === 0) stderr.on('error', ignore)
    printing.set(stderr, others + 1)
    // The callback runs once the text was written or has failed; the `error` event of a failure follows in the same turn.
    const over = (): void => {
      setImmediate(() => {
        const left = (printing.get(stderr) as number) - 1
        printing.set(stderr, left)
        if (left === 0) stderr.off('error', ignore)
      })
    }
    try {
      show(unprinted > 0 ? `${what} (${unprinted} before it were not printed: stderr was not read)` : what, error)
      unprinted = 0
      stderr.write('', over)
    } catch {
      // On Deno a write to a full disk throws.
      over()
    }
  } catch {
    // There is no stderr, or it throws. `stats().handlerErrors` has counted the error.
  }
}

/** Prints the message and the error, or the message alone if the error cannot be inspected. */
function show(what: string, error: unknown): void {
  try {
    // The format string puts the error on a line of its own. A Unix path in `what` may hold a per cent sign.
    console.error(`${what.replaceAll('%', '%%')}:\n%O`, error)
  } catch {
    console.error(what)
  }
}
