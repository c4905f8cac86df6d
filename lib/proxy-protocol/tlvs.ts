// The TLVs of a version 2 header, stored as their bytes. A header of 64 KiB may contain 21,000 of them, and a list of objects would
// take eighty times the memory for the life of the connection. They are parsed when they are read, and the list is kept only
// as long as the program references it.

import type { ProxyTlv } from './header.js'

/** The length of the type and the length field of a TLV. */
export const TLV_HEAD = 3

/** The list of a header without TLVs. */
export const NO_TLVS: readonly ProxyTlv[] = Object.freeze([])

export class Tlvs {
  // A string with one byte for each character: it takes as much memory as the bytes, and is immutable.
  readonly #bytes: string
  #list: WeakRef<readonly ProxyTlv[]> | undefined

  /** `bytes` consists of complete TLVs: the caller has checked that. They are copied. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes.toString('latin1')
  }

  /** In the order of the header. The same list each time, while the program references it. */
  get list(): readonly ProxyTlv[] {
    if (this.#bytes === '') return NO_TLVS
    const known = this.#list?.deref()
    if (known !== undefined) return known
    const list = parse(Buffer.from(this.#bytes, 'latin1'))
    this.#list = new WeakRef(list)
    return list
  }
}

function parse(bytes: Buffer): readonly ProxyTlv[] {
  const list: ProxyTlv[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + TLV_HEAD
    const end = start + bytes.readUInt16BE(at + 1)
    list.push(tlv(bytes.readUInt8(at), bytes, start, end))
    at = end
  }
  return Object.freeze(list)
}

// A copy for each read, because a program may write to the value or transfer its memory.
function tlv(type: number, bytes: Buffer, start: number, end: number): ProxyTlv {
  return Object.freeze({
    type,
    get value() {
      return Buffer.from(bytes.subarray(start, end))
    },
  })
}
