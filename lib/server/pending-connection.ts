// One connection on its way in: who it is, as far as that is known, which step it is in, and the one deadline over all of
// them. What follows a step, and what it means to fail at one, is for admission to say.
//
//   accepted ──header, admit, handshake: each a step, each left out where there is none──▶ ready, dropped or failed

import type { Address } from '../address.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'
import type { QueuedConnection } from './accept-queue.js'
import type { EndpointHandshake } from './endpoint-handshakes.js'
import type { Link } from './pending-list.js'

/** A step that takes its time, and what comes of it. One of the three is called, once, unless the arrival is cut before. */
export interface HandshakeStep<T> {
  readonly step: Handshake<T>
  passed(value: T): void
  failed(cause: unknown): void
  /** False where it is the program's answer that is waited for, whose progress nobody sees. */
  readonly waitsForPeer: boolean
  /** The deadline is over. The step still goes on: somebody has to cut it. */
  late(): void
  /** What should have come of the step was an exception. */
  broke(error: unknown): void
}

export class PendingConnection implements QueuedConnection, Link {
  older: Link | undefined
  newer: Link | undefined
  readonly entry: EndpointHandshake
  /** What carries its bytes: another one after a TLS handshake. */
  carrier: Carrier
  /** What its PROXY header said. */
  proxy: ProxyInfo | undefined
  /** What it is counted as by its address; undefined while it is not. */
  address: string | undefined
  /** It is in, or will never be. */
  over = false
  #stage: { cut(): void; late(): void; readonly waitsForPeer: boolean } | undefined
  #deadline: Deadline | undefined
  /** Steps that have begun. */
  #steps = 0

  constructor(carrier: Carrier, entry: EndpointHandshake) {
    this.carrier = carrier
    this.entry = entry
  }

  /** The real client, once that is known. */
  get remote(): Address {
    return this.proxy?.source ?? this.carrier.remote
  }

  /** Waits for a step, within `timeout` milliseconds from the first one's beginning. */
  begin<T>({ step, passed, failed, late, broke, waitsForPeer }: HandshakeStep<T>, clock: Clock, timeout: number): void {
    const stage = { cut: () => step.cut(), late, waitsForPeer }
    this.#stage = stage
    this.#steps++
    this.#deadline ??= new Deadline({
      clock,
      ms: timeout,
      progress: () => (this.#stage?.waitsForPeer ? this.#steps + this.carrier.received : Number.NaN),
      expired: () => this.#stage?.late(),
    })
    const leave = (): boolean => {
      const inIt = this.#stage === stage
      if (inIt) this.#stage = undefined
      return inIt
    }
    step.done
      .then(
        // One that is done in the very turn in which it is cut has made something that nobody wants.
        (value) => (leave() ? passed(value) : step.cut()),
        (cause) => leave() && failed(cause),
      )
      .catch(broke)
  }

  /** It is in, or will never be: no time limit acts any more. */
  end(): void {
    this.over = true
    this.#deadline?.clear()
  }

  /** Resets it: in the middle of a step, the step does. */
  cut(): void {
    const stage = this.#stage
    this.#stage = undefined
    if (stage === undefined) this.carrier.reset()
    else stage.cut()
  }
}
