// One connection between being accepted and being ready: what is known of its client, the step it is in, and the one
// deadline over all steps. `admission.ts` decides which step follows and what a failure means.
//
//   accepted ──PROXY header, `admit`, TLS handshake; each is a step, and each is optional──▶ ready, dropped or failed

import type { Address } from '../address.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'
import type { QueuedConnection } from './accept-queue.js'
import type { EndpointHandshake } from './endpoint-handshakes.js'
import type { Link } from './pending-list.js'

/** A step that takes time, and its callbacks: `passed` or `failed` is called once, unless the connection is cut before. */
export interface HandshakeStep<T> {
  readonly work: Handshake<T>
  passed(value: T): void
  failed(cause: unknown): void
  /** Whether bytes of the peer count as progress. False for `admit`, whose progress cannot be seen. */
  readonly waitsForPeer: boolean
  /** The deadline expired. The step is still running: the callee has to cut it. */
  expired(): void
  /** One of the callbacks threw. */
  callbackThrew(error: unknown): void
}

export class PendingConnection implements QueuedConnection, Link {
  older: Link | undefined
  newer: Link | undefined
  readonly handshake: EndpointHandshake
  /** The carrier of its bytes; replaced by a TLS handshake. */
  carrier: Carrier
  /** The contents of its PROXY header. */
  proxy: ProxyInfo | undefined
  /** The address under which it is counted; undefined while it is not counted. */
  address: string | undefined
  /** It became ready, or was dropped or failed. */
  finished = false
  #step: { cut(): void; expired(): void; readonly waitsForPeer: boolean } | undefined
  #deadline: Deadline | undefined
  /** The number of steps that have begun. */
  #steps = 0

  constructor(carrier: Carrier, handshake: EndpointHandshake) {
    this.carrier = carrier
    this.handshake = handshake
  }

  /** The real client once the PROXY header was read, the peer until then. */
  get remote(): Address {
    return this.proxy?.source ?? this.carrier.remote
  }

  /** Runs a step. The deadline of `timeout` milliseconds begins with the first step and covers all of them. */
  begin<T>({ work, passed, failed, expired, callbackThrew, waitsForPeer }: HandshakeStep<T>, clock: Clock, timeout: number): void {
    const step = { cut: () => work.cut(), expired, waitsForPeer }
    this.#step = step
    this.#steps++
    this.#deadline ??= new Deadline({
      clock,
      ms: timeout,
      progress: () => (this.#step?.waitsForPeer ? this.#steps + this.carrier.received : Number.NaN),
      expired: () => this.#step?.expired(),
    })
    const finishStep = (): boolean => {
      const current = this.#step === step
      if (current) this.#step = undefined
      return current
    }
    work.done
      .then(
        // A step that completes in the turn in which it is cut has a result that has to be freed.
        (value) => (finishStep() ? passed(value) : work.cut()),
        (cause) => finishStep() && failed(cause),
      )
      .catch(callbackThrew)
  }

  /** Clears the deadline: the connection is ready, dropped or failed. */
  finish(): void {
    this.finished = true
    this.#deadline?.clear()
  }

  /** Resets the connection, through the current step if there is one. */
  cut(): void {
    const step = this.#step
    this.#step = undefined
    if (step === undefined) this.carrier.reset()
    else step.cut()
  }
}
