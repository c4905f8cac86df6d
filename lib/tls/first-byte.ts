// TLS and plain text on one port: the first byte tells. A TLS client begins with a handshake record, whose type is 0x16;
// that is no letter of any protocol of text. Nothing is taken: what has come is there for whoever goes on.

import type { Carrier, Handshake } from '../transport/carrier.js'
import { silent } from '../transport/sink.js'

const HANDSHAKE_RECORD = 0x16

/** Waits for the first byte: TLS goes on with `shake`, plain text with the carrier as it is. */
export function awaitFirstByte(carrier: Carrier, shake: () => Handshake): Handshake {
  let under: Handshake | undefined
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
          under = shake()
          resolve(under.done)
        } else resolve(carrier)
      },
      end: () => fail(Object.assign(new Error('the peer left before it said anything'), { code: 'ECONNRESET' })),
      lost: fail,
    })
    carrier.resume()
  })
  done.catch(() => {})
  return { done, cut: () => (under === undefined ? cut() : under.cut()) }
}
