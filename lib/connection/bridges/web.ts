// A connection as a pair of web streams. Not made by Node's adapter, which ends its readable only when the writable side is
// done (Node 20). Cancelling the readable gives reading back to the connection; aborting the writable aborts the connection.

import type { ReadableStream as WebReadable, WritableStream as WebWritable } from 'node:stream/web'
import type { ConnectionCore } from '../lifecycle.js'
import { Bridge } from './bridge.js'

/** Both directions of a connection as web streams of bytes. */
export interface WebStreams {
  readonly readable: WebReadable<Uint8Array>
  readonly writable: WebWritable<Uint8Array>
}

const REFUSAL =
  'toWeb() has given the reading of this connection to its `readable`: read from that, or cancel it to read from the connection again'

/** @throws ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection */
export function toWeb(core: ConnectionCore): WebStreams {
  const bridge = new Bridge(core, REFUSAL)
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await bridge.read()
        if (piece !== null) {
          controller.enqueue(piece)
          return
        }
        bridge.remove()
        controller.close()
      },
      cancel() {
        bridge.remove()
      },
    },
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      core.closeState.listen(({ by }) => {
        if (by !== 'local' && by !== 'peer') controller.error(core.writeHalf.refusal)
      })
    },
    write(chunk) {
      return core.writeHalf.write(chunk)
    },
    close() {
      return core.finish()
    },
    abort(reason) {
      core.abort(reason)
    },
  })
  return { readable, writable }
}
