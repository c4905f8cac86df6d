// Copies of bytes that a program receives as a whole, and whose memory it may transfer to another thread.

/** A copy in memory of its own. (`Buffer.from` puts small copies into a shared pool, which Node does not allow to be transferred.) */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
