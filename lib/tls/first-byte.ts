// TLS and plain text on one port, distinguished by the first byte. A TLS client begins with a handshake record, whose type is
// 0x16: no text protocol begins with it. The byte is not consumed.

import { markHandled } from '../rejections.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { silent } from '../transport/sink.js'
import { codedError } from '../transport/system-error.js'

const HANDSHAKE_RECORD = 0x16

/** Waits for the first byte. TLS continues with `shake`; plain text resolves with the carrier as it is. */
export function awaitFirstByte(carrier: Carrier, shake: () => Handshake): Handshake {
  let handshake: Handshake | undefined
  let cut!: () => void
  const done = new Promise<Carrier>((resolve, reject) => {
    const fail = (error: Error): void => {
      carrier.release()
      reject(error)
    }
    cut = () => {
      carrier.reset()
      reject(new Error('the first byte was not waited for any longer'))
    }
    carrier.attach({
      ...silent,
      data: (chunk) => {
        carrier.detach(chunk)
        if (chunk[0] === HANDSHAKE_RECORD) {
          handshake = shake()
          resolve(handshake.done)
        } else resolve(carrier)
      },
      end: () => fail(codedError('ECONNRESET', 'the peer left before it said anything')),
      lost: fail,
    })
    carrier.resume()
  })
  return { done: markHandled(done), cut: () => (handshake === undefined ? cut() : handshake.cut()) }
}
