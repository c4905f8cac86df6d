// Connections that break a rule about properties, arguments, run or bridges.

import { ConnectionLostError } from '../../../lib/errors.js'
import { type BadConnection, facts, ignore, type Method, methods, told, WRONG } from './spoil.js'

export const others: Record<string, BadConnection> = {
  'has ended before it ends': {
    rule: 'ended and peerEnded tell which side has ended',
    make: facts((side) => ({ peerEnded: () => side.bytesRead === 0 || told(side, 'peerEnded') })),
  },
  'has no id of its own': { rule: 'ids are numbers and unique', make: facts(() => ({ id: 7 })) },
  'loses its addresses when it closes': {
    rule: 'the properties stay readable after the end',
    make: facts((side) => {
      const { remote } = side
      return { remote: () => (side.signal.aborted ? undefined : remote) }
    }),
  },
  'does not report what it waits for': {
    rule: 'waiting is the pending operation, and undefined while nothing is pending',
    make: facts(() => ({ waiting: undefined })),
  },
  'takes any limit': {
    rule: 'setLimits holds from the next call on, and rejects impossible values',
    make: methods((_, own) => ({
      setLimits: (limits) => {
        if (limits === undefined || !('maxBuffer' in limits)) own('setLimits')(limits)
      },
    })),
  },
  'takes every wait for idle': {
    rule: 'idleTimeout is for the first byte of a message, readTimeout for the rest of it',
    make: methods((_, own) => ({
      setLimits: (limits) => own('setLimits')(limits?.readTimeout === 10 ? { ...limits, readTimeout: undefined } : limits),
    })),
  },
  'throws at a wrong argument': {
    rule: WRONG,
    make: methods((_, own) => ({
      readExactly: (n, options) => {
        if (n < 0) throw new RangeError('n must be ≥ 0')
        return own('readExactly')(n, options)
      },
    })),
  },
  'takes a wrong argument': { rule: WRONG, make: methods((_, own) => ({ peek: (n, options) => own('peek')(n ?? 0, options) })) },
  'does not throw at a wrong argument': {
    rule: 'a wrong argument of a method without a promise is thrown',
    make: methods((_, own) => ({ tryReadExactly: (n, encoding) => (n < 0 ? undefined : own('tryReadExactly')(n, encoding)) })),
  },
  'throws another error at a wrong argument': {
    rule: 'a wrong argument of a method without a promise is thrown',
    make: methods((_, own) => ({
      tryReadUntil: (...args) => {
        if (args[0] === '') throw new TypeError('empty')
        return own('tryReadUntil')(...args)
      },
    })),
  },
  'looks at the signal first': {
    rule: 'of several reasons to refuse a read its arguments come first, then ConcurrentReadError, then the signal',
    make: methods((_, own) => ({
      readExactly: (n, options) =>
        options?.signal?.aborted && n < 0 ? Promise.reject(options.signal.reason) : own('readExactly')(n, options),
    })),
  },
  'stays open after run': {
    rule: 'run closes the connection after its handler',
    make: methods((side) => ({ run: async (handler) => handler(side) })),
  },
  'swallows what a handler threw': {
    rule: 'an error that the connection raised and the handler let through is the error of closed',
    make: methods((_, own) => ({ run: (handler) => own('run')(handler).catch(ignore) })),
  },
  'runs twice': {
    rule: 'run without a server rejects with what its handler threw, once the connection is closed',
    make: methods((_, own) => {
      let ran = false
      return {
        run: (handler) => {
          const again = ran
          ran = true
          return again ? Promise.resolve() : own('run')(handler)
        },
      }
    }),
  },
  'has a Duplex without an end': {
    rule: 'toDuplex carries bytes and ends both ways',
    make: methods((_, own) => ({
      toDuplex: () => {
        const duplex = own('toDuplex')()
        const push = duplex.push.bind(duplex)
        duplex.push = (piece: Buffer | null) => piece === null || push(piece)
        return duplex
      },
    })),
  },
  'ends when its Duplex is destroyed': {
    rule: 'destroying the Duplex before its end aborts the connection',
    make: methods((side, own) => ({
      toDuplex: () => {
        const duplex = own('toDuplex')()
        duplex._destroy = (_: unknown, done: Method) => {
          side.abort()
          done()
        }
        return duplex
      },
    })),
  },
  'hides a loss from its Duplex': {
    rule: 'a loss is an error of the Duplex',
    make: methods((_, own) => ({
      toDuplex: () => {
        const duplex = own('toDuplex')()
        const destroy = duplex.destroy.bind(duplex)
        duplex.destroy = (error: unknown) => destroy(error instanceof ConnectionLostError ? new Error('lost') : error)
        return duplex
      },
    })),
  },
  'has web streams that carry nothing': {
    rule: 'toWeb carries bytes and ends both ways',
    make: methods((_, own) => ({ toWeb: () => ({ ...own('toWeb')(), readable: new ReadableStream() }) })),
  },
  'reads beside a bridge': {
    rule: 'a bridge is the only reader of its connection',
    make: methods((_, own) => {
      let bridged = false
      return {
        toWeb: () => {
          bridged = true
          return own('toWeb')()
        },
        readLine: (options) => (bridged ? Promise.resolve('') : own('readLine')(options)),
      }
    }),
  },
}
