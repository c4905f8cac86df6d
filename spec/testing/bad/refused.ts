// Connections that break a rule about reads that fail.

import type { Connection } from '../../../lib/connection/connection.js'
import { ConcurrentReadError, EndOfStreamError, TimeoutError } from '../../../lib/errors.js'
import { type BadConnection, CUT_SHORT, failing, ignore, type Method, methods, ONE_READ, turn } from './spoil.js'

export const refused: Record<string, BadConnection> = {
  'takes bytes on an aborted read': {
    rule: 'a read that is aborted rejects with the reason and consumes nothing',
    make: failing('readUntil', Error, (side, { signal } = {}) => signal?.aborted && side.tryReadExactly(2)),
  },
  'rejects an aborted read with an error of its own': {
    rule: 'a read that is aborted rejects with the reason and consumes nothing',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) =>
        own('readUntil')(delimiter, options).catch((error: unknown) => {
          throw options?.signal?.aborted ? new Error('aborted') : error
        }),
    })),
  },
  'loses unread bytes on a time-out': {
    rule: 'a read that is out of time is a TimeoutError and consumes nothing',
    make: failing('readLine', TimeoutError, (side) => side.tryReadExactly(1)),
  },
  'misses the partial': {
    rule: CUT_SHORT,
    make: methods((_, own) => ({
      readUntil: (...args) =>
        own('readUntil')(...args).catch((error: unknown) => {
          throw error instanceof EndOfStreamError ? new EndOfStreamError() : error
        }),
    })),
  },
  'takes a short read for a whole one': {
    rule: CUT_SHORT,
    make: methods((_, own) => ({
      readExactly: (...args) =>
        own('readExactly')(...args).catch((error: unknown) => {
          if (error instanceof EndOfStreamError) return error.partial
          throw error
        }),
    })),
  },
  'drops more in a failed skip than it counts': {
    rule: 'a failed skip leaves the bytes that it did not drop',
    make: failing('skip', Error, (side) => side.bytesRead === 4 && side.readExactly(1).catch(ignore)),
  },
  'is not free at once after an abort': {
    rule: 'after an abort the next read may be made in the same turn',
    make: methods((_, own) => {
      let busy = false
      return {
        readUntil: (delimiter, options) => {
          options?.signal?.addEventListener('abort', () => {
            busy = true
            queueMicrotask(() => {
              busy = false
            })
          })
          return own('readUntil')(delimiter, options)
        },
        readExactly: (...args) => (busy ? Promise.reject(new ConcurrentReadError()) : own('readExactly')(...args)),
      }
    }),
  },
  'gives buffered bytes to an aborted read': {
    rule: 'a signal that is already aborted comes before buffered bytes',
    make: methods((side, own) => ({
      read: (options) => own('read')(side.buffered > 0 && options?.signal?.aborted ? { ...options, signal: undefined } : options),
    })),
  },
  'leaves a listener on its signal': {
    rule: 'an abort after a read is settled changes nothing, and leaves no listener',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) => {
        options?.signal?.addEventListener('abort', ignore)
        return own('readUntil')(delimiter, options)
      },
    })),
  },
  'accepts two readers': {
    rule: ONE_READ,
    make: methods((_, own) => {
      let last: Promise<unknown> = Promise.resolve()
      const after = (name: keyof Connection): Method => {
        const read = own(name)
        return (...args) => {
          const mine = last.then(
            () => read(...args),
            () => read(...args),
          )
          last = mine
          return mine
        }
      }
      return { readUntil: after('readUntil'), readLine: after('readLine') }
    }),
  },
  'throws out the first reader': {
    rule: ONE_READ,
    make: methods((_, own) => {
      let first: AbortController | undefined
      return {
        readUntil: (delimiter, options) => {
          if (options !== undefined) return own('readUntil')(delimiter, options)
          first?.abort(new ConcurrentReadError())
          first = new AbortController()
          return own('readUntil')(delimiter, { signal: first.signal })
        },
      }
    }),
  },
  'is not free at once after a read': {
    rule: 'the next read may begin as soon as a read is settled',
    make: methods((_, own) => {
      let busy = false
      return {
        readLine: async (options) => {
          if (busy) throw new ConcurrentReadError()
          const line = await own('readLine')(options)
          busy = line === '10'
          setImmediate(() => {
            busy = false
          })
          return line
        },
      }
    }),
  },
  'does not let a write pass a read': {
    rule: 'a pending read does not block a write',
    make: methods((side, own) => ({
      write: async (data) => {
        while (data === 'question\n' && side.waiting !== undefined) await turn()
        return own('write')(data)
      },
    })),
  },
}
