// Copies of bytes that go to a program as a whole, which may transfer their memory to another thread.

/** A copy in memory that nothing else lies in. (`Buffer.from` puts small ones into a pool, which Node lets nobody transfer.) */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
