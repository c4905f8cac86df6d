// The canonical text of an IPv6 address (RFC 5952). The URL parser writes it on every runtime; SocketAddress does not on Bun.

const DOTTED = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/

/** The canonical text of a valid IPv6 address without a zone. It has no dotted part, not even for an IPv4-mapped address. */
export function canonicalIPv6(text: string): string {
  // Bun's parser rejects some addresses with a dotted part.
  const groups = text.replace(DOTTED, (_, ...[a, b, c, d]) => `${group(a, b)}:${group(c, d)}`)
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1)
}

function group(high: unknown, low: unknown): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}
