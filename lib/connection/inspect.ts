// The text of `console.log(connection)`: id, addresses, state, the pending operation, and counts. No payload, and of TLS
// only what the handshake negotiated.

import type { InspectOptions } from 'node:util'
import { codeOf } from '../errors.js'
import { shownAs } from '../shown-as.js'
import type { TlsInfo } from '../transport/tls-info.js'
import type { CloseInfo } from './close-info.js'
import type { ConnectionCore } from './lifecycle.js'

export function inspectConnection(core: ConnectionCore, depth: number, options: InspectOptions): string {
  const { id, proxy, carrier, readHalf, writeHalf, closeState, waiting } = core
  const fields = {
    remote: String(core.remote) || undefined,
    local: String(carrier.local) || undefined,
    proxy: proxy && String(proxy.peer),
    tls: carrier.tls && tlsOf(carrier.tls),
    state: stateOf(core),
    ...(closeState.info && endOf(closeState.info)),
    waiting: waiting && `${waiting.operation} for ${Math.max(0, Date.now() - waiting.since)} ms`,
    draining: core.draining || undefined,
    bytesRead: readHalf.received,
    bytesWritten: writeHalf.sent,
    buffered: readHalf.queue.length,
    queued: writeHalf.queued,
  }
  return shownAs(`Connection ${id}`, fields, depth, options)
}

function stateOf({ phase, ended, peerEnded }: ConnectionCore): string {
  if (phase !== 'open') return phase
  return ended ? 'ended' : peerEnded ? 'peer ended' : 'open'
}

function endOf({ by, error }: CloseInfo): object {
  // No message: it may quote payload.
  return { by, error: error === undefined ? undefined : (codeOf(error) ?? (error instanceof Error ? error.name : typeof error)) }
}

function tlsOf({ protocol, alpnProtocol, servername, authorized }: TlsInfo): string {
  return [protocol, alpnProtocol, servername, authorized ? 'authorized' : undefined].filter((field) => field !== undefined).join(', ')
}
