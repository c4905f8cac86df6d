// Connections that break a rule about drains.

import type { ReadOptions } from '../../../lib/connection/reading/read-options.js'
import { type BadConnection, DRAIN, facts, ignore, type Method, methods } from './spoil.js'

export const drains: Record<string, BadConnection> = {
  'ignores a drain': { rule: DRAIN, make: methods(() => ({ drain: ignore })) },
  'drains only reads that wait': {
    rule: DRAIN,
    make: methods((side, own) => ({
      readLine: (options) => own('readLine')(side.drainSignal.aborted ? { idle: false } : options),
    })),
  },
  'drains in the middle of a message': {
    rule: 'a drain leaves a read in the middle of a message alone',
    make: methods((_, own) => ({ readLine: (options) => own('readLine')(options ?? { idle: true }) })),
  },
  'drains what has begun': {
    rule: 'a byte that has arrived begins a message, which a drain does not interrupt',
    make: methods((side, own) => ({
      drain: () => {
        own('drain')()
        if (side.buffered === 1) side.abort()
      },
    })),
  },
  'drains what it tries to read': {
    rule: 'bytes that have arrived are read in spite of a drain',
    make: methods((side, own) => ({
      tryReadLine: (options) => {
        if (side.drainSignal.aborted && side.buffered === 0) throw new Error('draining')
        return own('tryReadLine')(options)
      },
    })),
  },
  'has no drainSignal': {
    rule: 'drainSignal aborts with a DrainingError when the connection is asked to finish',
    make: facts(() => ({ drainSignal: new AbortController().signal })),
  },
  'does not take a read after a write for idle': {
    rule: 'a read is idle by default if nothing was consumed since the last write',
    make: methods((side, own) => ({
      readLine: (options) => own('readLine')(side.bytesWritten + side.queued > 40 && options === undefined ? { idle: false } : options),
    })),
  },
  'ignores the option idle': {
    rule: 'the option idle determines whether a drain interrupts a read',
    make: methods((_, own) => ({
      readLine: (options: ReadOptions = {}) => own('readLine')(options.idle === false ? { ...options, idle: true } : options),
    })),
  },
  'takes each read of a message for a message': {
    rule: 'a read counts as idle only until the first byte of its message',
    make: methods((side, own) => ({
      readMessage: (read: Method, options: ReadOptions = {}) =>
        options.idle === false || side.buffered > 0 ? own('readMessage')(read, options) : own('readMessage')(read, options),
      drain: () => {
        own('drain')()
        if (side.waiting?.operation === 'readMessage()' && side.buffered === 1) side.abort()
      },
    })),
  },
}
