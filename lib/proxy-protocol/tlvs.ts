// The TLVs of a version 2 header, kept as the bytes that came: a header of 64 KiB may hold 21,000 of them, and as a list of
// objects they would take eighty times the memory for as long as the connection lives. They are parsed when they are looked
// at, and the list is held only while the program holds it.

import type { ProxyTlv } from './header.js'

/** Type and length. */
export const TLV_HEAD = 3

/** The list of a header without any. */
export const NO_TLVS: readonly ProxyTlv[] = Object.freeze([])

export class Tlvs {
  // As text of one byte a character: it takes no more than the bytes, and nobody can write to it.
  readonly #bytes: string
  #list: WeakRef<readonly ProxyTlv[]> | undefined

  /** `bytes` was checked: TLVs, whole ones, and nothing else. They are copied. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes.toString('latin1')
  }

  /** In the order in which they came. The same list each time, while the program has it. */
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

// A copy each time it is asked for: who writes to it, or transfers it, spoils nothing for others.
function tlv(type: number, bytes: Buffer, start: number, end: number): ProxyTlv {
  return Object.freeze({
    type,
    get value() {
      return Buffer.from(bytes.subarray(start, end))
    },
  })
}
