// What a program can change on an open connection: its limits, two options of its TCP socket, and whether it keeps the process
// alive.

import { booleanOf, delayOf } from '../options/arguments.js'
import { changedLimits, type LimitChanges } from '../options/connection.js'
import type { ConnectionInfo } from './info.js'
import type { ConnectionCore } from './lifecycle.js'
import { WriteMethods } from './write-methods.js'

/** The setters. A base class of `Connection`; not constructed directly. */
export abstract class ConnectionSettings extends WriteMethods {
  readonly #core: ConnectionCore

  /** @internal */
  constructor(core: ConnectionCore, server: ConnectionInfo['server']) {
    super(core, server)
    this.#core = core
  }

  /**
   * Changes limits of this connection from the next call on. Sizes are in bytes, times in milliseconds; Infinity is no limit.
   * A limit that is left out, or `undefined`, is unchanged.
   *
   * **Throws** TypeError for an unknown name or a value of a wrong type; RangeError for an impossible value.
   *
   * @example
   * connection.setLimits({ maxBufferSize: 64 * 1024, readTimeout: 10_000 })
   */
  setLimits(limits: LimitChanges): void {
    this.#core.limits = changedLimits(this.#core.limits, limits)
  }

  /**
   * Turns Nagle's algorithm off (`true`, the default) or on, as in `net`. Has an effect on TCP only.
   *
   * **Throws** TypeError if `enable` is no boolean.
   */
  setNoDelay(enable = true): void {
    booleanOf(enable, 'enable')
    this.#core.carrier.setNoDelay(enable)
  }

  /**
   * Turns TCP keep-alive on or off (the default), as in `net`. Has an effect on TCP only.
   *
   * **Throws** TypeError for an argument of a wrong type; RangeError for an impossible delay.
   *
   * @param initialDelay - the silence before the first probe, in milliseconds. Default: 0, the system's own
   */
  setKeepAlive(enable = false, initialDelay = 0): void {
    booleanOf(enable, 'enable')
    this.#core.carrier.setKeepAlive(enable, delayOf(initialDelay, 'initialDelay'))
  }

  /** Lets the connection and its timers keep the process alive (the default). */
  ref(): void {
    this.#core.ref()
  }

  /** Keeps the connection and its timers from keeping the process alive. */
  unref(): void {
    this.#core.unref()
  }
}
