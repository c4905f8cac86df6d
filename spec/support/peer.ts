// The far end of a connection as a raw socket, which shows ends and resets as the system reports them.

import type { Socket } from 'node:net'

/** How the stream of a raw socket ended, and its bytes. */
export interface Fate {
  /** `'reset'` also where Node reports an end: on Node 20 and 22 it does for data and a reset in one turn. */
  how: 'end' | 'reset'
  bytes: Buffer
}

/** Reads `socket` to its end or its loss. This side stays open. */
export function fateOf(socket: Socket): Promise<Fate> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const tell = (how: Fate['how']): void => resolve({ how, bytes: Buffer.concat(chunks) })
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('error', () => tell('reset'))
    socket.once('end', () => {
      if (!socket.writable) tell('end')
      // A write of no bytes fails if the connection was reset.
      else socket.write('', (error) => (error ? tell('reset') : setImmediate(() => tell('end'))))
    })
    socket.resume()
  })
}
