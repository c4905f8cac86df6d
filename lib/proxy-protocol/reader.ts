// Reads the PROXY header of a connection from its carrier, before the connection is attached. It gives the carrier back with the
// bytes behind the header. It has no time limit and decides nothing about admission: the caller cuts off a header that takes
// too long.

import type { Address } from '../address.js'
import { HandshakeError } from '../errors.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { silent } from '../transport/sink.js'
import type { ProxyHeader, ProxyInfo } from './header.js'
import { HeaderParser } from './parse.js'
import { mustSend, type ResolvedProxyProtocol } from './trust.js'

/** The admission step in which an endpoint reads PROXY headers. */
export interface HeaderStep {
  /** Whether this connection must begin with a header. On all others no header is read. */
  comesFrom(carrier: Carrier): boolean
  /** Begins to read the header. */
  read(carrier: Carrier): Handshake<ProxyInfo>
}

export function headerStep(plan: ResolvedProxyProtocol): HeaderStep {
  return {
    comesFrom: (carrier) => mustSend(plan, carrier.remote),
    read: (carrier) => new HeaderReader(carrier),
  }
}

class HeaderReader implements Handshake<ProxyInfo> {
  /** Rejects with a HandshakeError, and the carrier is reset. */
  readonly done: Promise<ProxyInfo>
  readonly #carrier: Carrier
  /** It holds up to twice the bytes of the header, so it is freed once the header is parsed. */
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
      // Nothing is sent.
      ...silent,
      data: (chunk) => this.#parse(chunk),
      end: () => this.#fail('the connection ended before its PROXY header was whole'),
      lost: (cause) => this.#fail('the connection was lost before its PROXY header was whole', cause),
    })
    carrier.resume()
  }

  #parse(chunk: Buffer): void {
    try {
      const parsed = (this.#parser as HeaderParser).push(chunk)
      if (parsed === undefined) return
      this.#parser = undefined
      // A copy: the bytes behind the header may wait for long, and would keep the memory of the header alive.
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

// Not a spread, which would parse the TLVs.
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
