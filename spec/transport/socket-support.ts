// Shared by the specs of sockets.

import type net from 'node:net'
import { turns } from './support.js'

/** Waits, turn by turn, for a state without an event. */
export async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 10_000 && !condition(); n++) await turns()
  if (!condition()) throw new Error(`never: ${condition}`)
}

export const broken = (socket: net.Socket): void => {
  socket.resetAndDestroy()
  socket.destroy()
}
