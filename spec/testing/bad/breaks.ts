// Connections that break a rule about losses and aborts.

import { ConnectionClosedError, ConnectionLostError } from '../../../lib/errors.js'
import { pair } from '../../../lib/testing/pair.js'
import { type BadConnection, carriers, failing, IGNORED, kept, LOSS, methods, turn, untilFailure } from './spoil.js'

export const breaks: Record<string, BadConnection> = {
  'shows an abort as an end': { rule: LOSS, make: carriers((carrier) => ({ does: { reset: () => carrier.release() } })) },
  'puts a loss before what had arrived': {
    rule: LOSS,
    make: methods((side, own) => ({
      readLine: (options) => (side.signal.aborted ? Promise.reject(new ConnectionLostError()) : own('readLine')(options)),
    })),
  },
  'takes a loss for an end': {
    rule: LOSS,
    make: methods((_, own) => ({
      readToEnd: (options) =>
        own('readToEnd')(options).catch((error: unknown) => {
          if (error instanceof ConnectionLostError) return Buffer.alloc(0)
          throw error
        }),
    })),
  },
  'takes bytes at a loss': {
    rule: 'a read that waits as the peer aborts rejects with ConnectionLostError, and its bytes stay unread',
    make: failing('readUntil', ConnectionLostError, (side) => side.buffered > 0 && side.tryReadExactly(1)),
  },
  'loses the reason of an abort': {
    rule: 'abort rejects every pending and later call with ConnectionClosedError, its cause the reason',
    make: methods((_, own) => ({ abort: () => own('abort')() })),
  },
  'reports the end that came last': {
    rule: 'calls reject by the first event that ended the connection: an end before an abort',
    make: methods((_, own) => {
      let reason: unknown
      return {
        abort: (cause) => {
          reason = cause
          own('abort')(cause)
        },
        write: (data) =>
          own('write')(data).catch((error: unknown) => {
            throw error instanceof ConnectionClosedError ? new ConnectionClosedError({ cause: reason }) : error
          }),
      }
    }),
  },
  'reports the reason of a second abort': {
    rule: 'a second abort, or an abort after the end, changes nothing',
    make: () => {
      const sides = pair()
      for (const side of sides) {
        const abort = side.abort.bind(side)
        let reasons: unknown[] = []
        side.abort = (...args: unknown[]) => {
          reasons = args
          abort(...args)
        }
        const closed = side.closed.then(async (info) => {
          await turn()
          return info.by === 'aborted' && reasons.length > 0 ? { ...info, error: reasons[0] } : info
        })
        Object.defineProperty(side, 'closed', { get: () => closed })
      }
      return sides
    },
  },
  'ends its loops at a loss': {
    rule: 'a loop over chunks or lines does not take a break for an end',
    make: methods((side) => ({ [Symbol.asyncIterator]: () => untilFailure(() => side.read()) })),
  },
  'rejects a close that is cut short': {
    rule: 'a close that is cut short resolves, and what was queued is lost',
    make: methods((side, own) => ({
      close: async () => {
        await own('close')()
        if ((await side.closed).by === 'lost') throw new ConnectionLostError()
      },
    })),
  },
  'resolves a write that was lost': {
    rule: 'an abort of the other side rejects the pending writes',
    make: methods((side, own) => ({
      write: async (data) => {
        const known = side.signal.aborted
        await own('write')(data).catch((error: unknown) => {
          if (known || !(error instanceof ConnectionLostError)) throw error
        })
      },
    })),
  },
  'skips what never came': {
    rule: 'bytes that were queued at an abort are dropped, and the bytes that do arrive are followed by a loss',
    make: methods((_, own) => ({
      skip: (n, options) =>
        own('skip')(n, options).catch((error: unknown) => {
          if (error instanceof ConnectionLostError) return n
          throw error
        }),
    })),
  },
  'waits for ever to write': {
    rule: 'queued bytes that make no progress for writeTimeout cut the connection',
    make: methods((_, own) => ({ setLimits: (limits) => own('setLimits')(limits.writeTimeout === 30 ? {} : limits) })),
  },
  'keeps its source': {
    rule: 'writeFrom gives its source back when the connection fails',
    make: methods((_, own) => ({
      writeFrom: (source) =>
        own('writeFrom')(Symbol.asyncIterator in Object(source) ? { [Symbol.asyncIterator]: () => kept(source) } : source),
    })),
  },
  'has an unhandled rejection for an ignored promise': {
    rule: IGNORED,
    make: methods((_, own) => ({ write: async (data) => own('write')(data) })),
  },
}
