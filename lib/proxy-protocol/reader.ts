// Reads the PROXY header of one connection off its carrier, before anybody else listens to it. It gives the carrier back
// with everything that came behind the header, and knows neither time nor who may come in: a header that takes too long
// is cut by whoever began it.

import type { Address } from '../address.js'
import { HandshakeError } from '../errors.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { silent } from '../transport/sink.js'
import type { ProxyHeader, ProxyInfo } from './header.js'
import { HeaderParser } from './parse.js'
import { mustSend, type ProxyPlan } from './trust.js'

/** The step of an endpoint at which PROXY headers are read. */
export interface HeaderStep {
  /** Whether this one must send a header. The others are taken as they are. */
  comesFrom(carrier: Carrier): boolean
  /** Begins to read it. */
  read(carrier: Carrier): Handshake<ProxyInfo>
}

export function headerStep(plan: ProxyPlan): HeaderStep {
  return {
    comesFrom: (carrier) => mustSend(plan, carrier.remote),
    read: (carrier) => new HeaderReader(carrier),
  }
}

class HeaderReader implements Handshake<ProxyInfo> {
  /** Rejects with a HandshakeError, and the carrier is reset. */
  readonly done: Promise<ProxyInfo>
  readonly #carrier: Carrier
  /** Holds up to twice the header: not for longer than it is needed. */
  #parser: HeaderParser | undefined = new HeaderParser()
  #resolve!: (info: ProxyInfo) => void
  #reject!: (error: HandshakeError) => void

  constructor(carrier: Carrier) {
    this.#carrier = carrier
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    carrier.attach({
      // Nothing is written.
      ...silent,
      data: (chunk) => this.#take(chunk),
      end: () => this.#fail('the connection ended before its PROXY header was whole'),
      lost: (cause) => this.#fail('the connection was lost before its PROXY header was whole', cause),
    })
    carrier.resume()
  }

  #take(chunk: Buffer): void {
    try {
      const parsed = (this.#parser as HeaderParser).push(chunk)
      if (parsed === undefined) return
      this.#parser = undefined
      // A copy: what came behind the header may wait for long, and would keep all of the header's memory.
      this.#carrier.detach(Buffer.from(parsed.rest))
      this.#resolve(infoOf(parsed.header, this.#carrier.remote))
    } catch (cause) {
      this.#fail(`the PROXY header is malformed: ${(cause as Error).message}`, cause)
    }
  }

  cut(): void {
    this.#carrier.reset()
  }

  #fail(message: string, cause?: unknown): void {
    this.#carrier.reset()
    this.#reject(new HandshakeError({ message, cause, remote: this.#carrier.remote }))
  }
}

// Not a spread: that would parse the TLVs, which nobody has asked for.
function infoOf(header: ProxyHeader, peer: Address): ProxyInfo {
  const { version, source, destination } = header
  return Object.freeze({
    version,
    source,
    destination,
    get tlvs() {
      return header.tlvs
    },
    peer,
  })
}
