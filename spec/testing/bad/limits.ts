// Connections that break a rule about limits.

import { LimitExceededError } from '../../../lib/errors.js'
import { type BadConnection, failing, methods, more } from './spoil.js'

export const limits: Record<string, BadConnection> = {
  'is off by one at the limit': {
    rule: 'a match that ends at the limit succeeds, and one byte less fails, at every cut',
    make: methods((_, own) => ({ readUntil: (delimiter, options) => own('readUntil')(delimiter, more(options, 1)) })),
  },
  'reports the limit late': {
    rule: 'a read fails at the byte after which it can no longer succeed, and not before',
    make: methods((_, own) => ({
      readToEnd: (options) => own('readToEnd')(more(options, 100)),
    })),
  },
  'waits for more than it may have': {
    rule: 'a number of bytes above the limit is refused at once',
    make: methods((_, own) => ({ skip: (n, options) => own('skip')(n, { ...options, maxBytes: undefined }) })),
  },
  'takes what exceeds a limit': {
    rule: 'a read that exceeds its limit consumes nothing',
    make: failing('readLine', LimitExceededError, (side, { maxBytes } = {}) => maxBytes === 3 && side.tryReadExactly(1)),
  },
  'prefers the match that fits': {
    rule: 'a limit never changes which match wins',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) =>
        own('readUntil')(delimiter, options).catch((error: unknown) => {
          if (Array.isArray(delimiter) && delimiter[0] === '\n') return own('readUntil')('\n', options)
          throw error
        }),
    })),
  },
  'looks at the end before the limit': {
    rule: 'the limit is judged before the end of the stream',
    make: methods((side, own) => ({
      readUntil: (delimiter, options) => own('readUntil')(delimiter, side.peerEnded ? more(options, 1) : options),
    })),
  },
  'has limits that cannot be set': {
    rule: 'maxBufferSize is the limit of a read that has none, and maxBytes may exceed it',
    make: methods((_, own) => ({ setLimits: (limits) => (limits?.maxBufferSize === 8 ? undefined : own('setLimits')(limits)) })),
  },
  'closes when a limit is exceeded': {
    rule: 'a limit leaves the connection usable, and its error names the option to raise',
    make: failing('readUntil', LimitExceededError, (side, { maxBytes } = {}) => maxBytes === 4 && side.buffered === 17 && side.close()),
  },
  'skips half a delimiter': {
    rule: 'a skipUntil that exceeds its limit leaves what may begin the delimiter',
    make: failing('skipUntil', LimitExceededError, (side) => side.tryReadExactly(side.buffered)),
  },
  'has limits that nothing can keep': {
    rule: 'a limit smaller than the delimiter is a RangeError',
    make: methods((_, own) => ({
      readLine: (options) =>
        options?.maxBytes === 1
          ? Promise.reject(new LimitExceededError({ limit: 1, size: 2, option: 'maxBytes' }))
          : own('readLine')(options),
    })),
  },
}
