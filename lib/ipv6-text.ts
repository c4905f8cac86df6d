// The canonical text of an IPv6 address (RFC 5952), written by the URL parser: it is the same on every runtime, where SocketAddress
// leaves the text as it is on Bun.

const DOTTED = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/

/** The canonical text of a valid IPv6 address without a zone. It has no dotted end, also where the address is an IPv4-mapped one. */
export function canonicalIPv6(text: string): string {
  // Bun's parser refuses some addresses with a dotted end.
  const groups = text.replace(DOTTED, (_, ...[a, b, c, d]) => `${group(a, b)}:${group(c, d)}`)
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1)
}

function group(high: unknown, low: unknown): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}
