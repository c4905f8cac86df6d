// The helpers of the specs of listeners: a sink that records accepted connections, and clients.

import net from 'node:net'
import type { Test } from 'tap'
import type { ResolvedEndpoint } from '../../lib/options/listen.js'
import type { Carrier } from '../../lib/transport/carrier.js'
import { bind } from '../../lib/transport/listening/bind.js'
import type { Listener, ListenerSink } from '../../lib/transport/listening/listener.js'
import type { SocketOptions } from '../../lib/transport/socket.js'
import { next } from './support.js'

export const defaults: SocketOptions = { noDelay: true, keepAlive: false, keepAliveInitialDelay: 0 }

/** Records accepted connections, and lets a test wait for them. */
export class AcceptedCarriers implements ListenerSink {
  readonly carriers: Carrier[] = []
  readonly failures: Error[] = []
  #waiting: (() => void)[] = []
  /** Called within `accepted`. */
  onAccepted: (carrier: Carrier) => void = () => {}

  accepted(carrier: Carrier): void {
    this.carriers.push(carrier)
    this.onAccepted(carrier)
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  failed(error: Error): void {
    this.failures.push(error)
  }

  /** Resolves with the `index`th carrier once it is accepted. */
  async carrier(index = 0): Promise<Carrier> {
    while (this.carriers.length <= index) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.carriers[index] as Carrier
  }
}

export interface Bound {
  readonly accepted: AcceptedCarriers
  readonly listener: Listener
}

/** Binds, and closes everything after the test. */
export async function bound(t: Test, plan: ResolvedEndpoint, accepted: AcceptedCarriers = new AcceptedCarriers()): Promise<Bound> {
  t.teardown(() => {
    for (const carrier of accepted.carriers) carrier.reset()
  })
  const listener = await bind(plan, accepted, defaults)
  t.teardown(() => listener.close())
  return { accepted, listener }
}

/** Resolves with the error of a bind that fails. */
export async function refusal(
  plan: ResolvedEndpoint,
  accepted: ListenerSink = new AcceptedCarriers(),
): Promise<NodeJS.ErrnoException & { address?: string }> {
  return bind(plan, accepted, defaults).then(
    async (listener) => {
      await listener.close()
      throw new Error('it was bound')
    },
    (error) => error,
  )
}

/** A connected client. */
export async function dial(t: Test, to: net.NetConnectOpts): Promise<net.Socket> {
  const client = net.connect({ ...to, allowHalfOpen: true })
  t.teardown(() => client.destroy())
  await new Promise<void>((resolve, reject) => {
    client.once('error', reject)
    client.once('connect', () => {
      client.off('error', reject)
      client.on('error', () => {})
      resolve()
    })
  })
  return client
}

/** 'connected', or the code of the error. */
export async function knock(to: net.NetConnectOpts): Promise<string> {
  const client = net.connect(to)
  const answer = await new Promise<string>((resolve) => {
    client.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    client.once('connect', () => resolve('connected'))
  })
  client.on('error', () => {})
  if (!client.closed) {
    const closed = next(client, 'close')
    client.destroy()
    await closed
  }
  return answer
}
