// "One turn of the event loop later": after the sockets have been looked at once more.

/**
 * Calls `callback` when what is in the kernel now has arrived. Two immediates: called from a socket's callback, the first
 * one still runs before the loop polls again.
 */
export function afterTurn(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}
