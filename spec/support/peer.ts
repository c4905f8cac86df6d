// The far end of a connection as the system shows it: a raw socket, which hides nothing that linnet might smooth over.

import type { Socket } from 'node:net'

/** Reads a raw socket to its end, and says how that came. */
export interface Fate {
  /** `'reset'` also where Node makes an end of one: data and a reset that come in one turn look like that on Node 20 and 22. */
  how: 'end' | 'reset'
  bytes: Buffer
}

/** Reads `socket` to its end or its break. It stays open on this side. */
export function fateOf(socket: Socket): Promise<Fate> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const tell = (how: Fate['how']): void => resolve({ how, bytes: Buffer.concat(chunks) })
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('error', () => tell('reset'))
    socket.once('end', () => {
      if (!socket.writable) tell('end')
      // A write of nothing fails with what the system has in store.
      else socket.write('', (error) => (error ? tell('reset') : setImmediate(() => tell('end'))))
    })
    socket.resume()
  })
}
