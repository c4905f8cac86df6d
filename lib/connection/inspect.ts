// What `console.log(connection)` shows: who it is, its state, what it waits for, and counts. No payload, and of TLS no more
// than was agreed.

import type { InspectOptions } from 'node:util'
import { codeOf } from '../errors.js'
import { shownAs } from '../shown-as.js'
import type { TlsInfo } from '../tls/info.js'
import type { CloseInfo } from './close-info.js'
import type { ConnectionCore } from './lifecycle.js'

export function inspectConnection(core: ConnectionCore, depth: number, options: InspectOptions): string {
  const { id, proxy, carrier, readHalf, writeHalf, closeState, waiting } = core
  const facts = {
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
  return shownAs(`Connection ${id}`, facts, depth, options)
}

function stateOf({ phase, ended, peerEnded }: ConnectionCore): string {
  if (phase !== 'open') return phase
  return ended ? 'ended' : peerEnded ? 'peer ended' : 'open'
}

function endOf({ by, error }: CloseInfo): object {
  // Its message may quote what was read.
  return { by, error: error === undefined ? undefined : (codeOf(error) ?? (error instanceof Error ? error.name : typeof error)) }
}

function tlsOf({ protocol, alpnProtocol, servername, authorized }: TlsInfo): string {
  return [protocol, alpnProtocol, servername, authorized ? 'authorized' : undefined].filter((fact) => fact !== undefined).join(', ')
}
