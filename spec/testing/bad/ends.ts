// Connections that break a rule about ends and closes.

import { ConnectionClosedError, EndOfStreamError } from '../../../lib/errors.js'
import { pair } from '../../../lib/testing/pair.js'
import { type BadConnection, facts, ignore, methods, OVER, turn } from './spoil.js'

export const ends: Record<string, BadConnection> = {
  'drops what is queued at an end': {
    rule: 'everything written before an end arrives before it',
    make: methods((side, own) => ({
      end: (data) => {
        if (side.queued <= 100_000) return own('end')(data)
        side.abort()
        return Promise.resolve()
      },
    })),
  },
  'ends when its peer does': {
    rule: 'a reply after the end of the peer arrives whole',
    make: () => pair({ client: { allowHalfOpen: false }, server: { allowHalfOpen: false } }),
  },
  'accepts data with a second end': {
    rule: 'after end() reads go on and writes are refused; a second end does nothing',
    make: methods((side, own) => ({ end: (data) => (side.ended && data === 'x' ? Promise.resolve() : own('end')(data)) })),
  },
  'puts the end before the last bytes': {
    rule: 'what arrived before the end of the stream is delivered before it',
    make: methods((side, own) => ({
      readLine: (options) => (side.peerEnded && side.buffered === 9 ? Promise.reject(new EndOfStreamError()) : own('readLine')(options)),
    })),
  },
  'takes half a close for a whole one': {
    rule: 'a connection whose peer has only ended its side is not over',
    make: facts((side) => {
      const over = new AbortController()
      return {
        signal: () => {
          if (side.peerEnded) over.abort()
          return over.signal
        },
      }
    }),
  },
  'never closes': { rule: OVER, make: facts(() => ({ closed: new Promise(ignore) })) },
  'reports the wrong side as the first to end': {
    rule: OVER,
    make: facts((side) => {
      const closed = side.closed.then((info) => ({ ...info, by: info.by === 'peer' ? 'local' : info.by }))
      return { closed }
    }),
  },
  'drops what is buffered when it closes': {
    rule: 'bytes that are buffered when the connection closes can still be read',
    make: methods((side, own) => ({
      readExactly: (...args) => (side.signal.aborted ? Promise.reject(new ConnectionClosedError()) : own('readExactly')(...args)),
    })),
  },
  'drops what is queued at a close': {
    rule: 'close sends everything that was written before it, and resolves once the peer has ended too',
    make: methods((side) => ({
      close: async () => {
        side.abort()
      },
    })),
  },
  'hangs at close': {
    rule: 'close sends everything that was written before it, and resolves once the peer has ended too',
    make: methods((_, own) => ({
      close: () => {
        own('close')()
        return new Promise(ignore)
      },
    })),
  },
  'does not wait for its peer at a close': {
    rule: 'close sends everything that was written before it, and resolves once the peer has ended too',
    make: methods((_, own) => ({
      close: async () => {
        own('close')()
      },
    })),
  },
  'reads on after its own close': {
    rule: 'after close() on this side every read rejects, pending ones and reads of buffered bytes included',
    make: methods((side, own) => ({
      read: (options) => (side.ended ? own('read')(options).catch(() => null) : own('read')(options)),
    })),
  },
  'resets what its peer still sends': {
    rule: 'close drops what the peer still sends',
    make: methods((side, own) => {
      const listen = async (): Promise<void> => {
        while (side.bytesRead === 0 && !side.signal.aborted) await turn()
        side.abort()
      }
      return {
        close: () => {
          if (side.bytesRead === 0) void listen()
          return own('close')()
        },
      }
    }),
  },
  'rejects a second close': {
    rule: 'close never rejects, however often it is called and however it ends',
    make: methods((side, own) => ({
      close: () => (side.ended && !side.peerEnded ? Promise.reject(new ConnectionClosedError()) : own('close')()),
    })),
  },
  'is not disposed': {
    rule: 'the connection is an async disposable',
    make: methods(() => ({ [Symbol.asyncDispose]: () => Promise.resolve() })),
  },
}
