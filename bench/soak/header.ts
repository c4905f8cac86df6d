// The PROXY header that the fault proxy sends first, and the values that the server must read from it. It is built according to HAProxy's
// proxy-protocol.txt, and not by linnet's builder, which could have the same mistakes as its parser.

import type { Plan } from './plan.js'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** The client in the header: an unused address that contains the number of the conversation. */
export function forgedClient({ id }: Plan): { address: string; port: number } {
  return { address: `10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`, port: 1 + (id % 60_000) }
}

export function forgedHeader(plan: Plan): Buffer {
  const { address, port } = forgedClient(plan)
  if (plan.header === 0) return Buffer.alloc(0)
  if (plan.header === 1) return Buffer.from(`PROXY TCP4 ${address} 192.0.2.1 ${port} 443\r\n`)
  // One field of type 0xEA with a varying length.
  const field = Buffer.alloc(plan.id % 300, plan.id & 255)
  const rest = Buffer.alloc(12)
  rest.set(address.split('.').map(Number), 0)
  rest.set([192, 0, 2, 1], 4)
  rest.writeUInt16BE(port, 8)
  rest.writeUInt16BE(443, 10)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(rest.length + 3 + field.length)
  const type = Buffer.from([0xea, field.length >> 8, field.length & 255])
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11]), length, rest, type, field])
}
