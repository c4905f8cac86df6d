// Connections that break a rule about reads.

import { type BadConnection, methods, NULL, turn } from './spoil.js'

export const reads: Record<string, BadConnection> = {
  'has an empty chunk instead of null': {
    rule: NULL,
    make: methods((_, own) => ({ read: async (options) => (await own('read')(options)) ?? Buffer.alloc(0) })),
  },
  'reads what is not there': {
    rule: 'read waits until a byte arrives',
    make: methods((side, own) => ({
      read: (options) => (side.buffered === 0 && !side.peerEnded ? Promise.resolve(Buffer.from('x')) : own('read')(options)),
    })),
  },
  'gives up where it should wait': {
    rule: 'read waits until a byte arrives',
    make: methods((side, own) => ({
      read: (options) => (side.buffered === 0 && !side.peerEnded ? Promise.reject(new RangeError('nothing there')) : own('read')(options)),
    })),
  },
  'does not care about maxBytes of read': {
    rule: 'read resolves with the bytes that have arrived, at most maxBytes of them',
    make: methods((_, own) => ({ read: () => own('read')() })),
  },
  'gives text where bytes are asked for': {
    rule: 'read resolves with the bytes that have arrived, at most maxBytes of them',
    make: methods((_, own) => ({ read: async (options) => String(await own('read')(options)) })),
  },
  'cuts characters': {
    rule: 'read with an encoding leaves an incomplete character unread',
    make: methods((_, own) => ({
      read: async (options) => {
        const encoding = typeof options === 'string' ? options : options?.encoding
        const chunk = await own('read')({ ...(typeof options === 'object' && options), encoding: undefined })
        return encoding === undefined || chunk === null ? chunk : chunk.toString(encoding)
      },
    })),
  },
  'reads one byte too many': {
    rule: 'readExactly resolves with n bytes at every cut, and keeps the surplus',
    make: methods((_, own) => ({ readExactly: (n, options) => own('readExactly')(n === 6 ? 7 : n, options) })),
  },
  'writes beside its target': {
    rule: 'readInto fills its target and nothing beside it',
    make: methods((_, own) => ({
      readInto: async (target: Uint8Array, options) => {
        const n = await own('readInto')(target, options)
        new Uint8Array(target.buffer)[target.byteOffset + n] = 0
        return n
      },
    })),
  },
  'waits for a full target': {
    rule: 'readInto with partial takes the bytes that have arrived, at least one',
    make: methods((_, own) => ({ readInto: (target) => own('readInto')(target) })),
  },
  'takes a first piece for all': {
    rule: 'readToEnd resolves with everything until the end of the stream',
    make: methods((_, own) => ({ readToEnd: (options) => own('read')(options) })),
  },
  'takes what it only shows': {
    rule: 'peek leaves the bytes unread that it returns',
    make: methods((_, own) => ({ peek: (n, options) => own('readExactly')(n, options) })),
  },
  'gathers what it skips': {
    rule: 'skip drops exactly n bytes as they come',
    make: methods((side, own) => ({
      skip: async (n, options) => (await own('readExactly')(n, { maxBytes: side.limits.maxBufferSize, ...options })).length,
    })),
  },
  'waits in a try read': {
    rule: 'a try read returns bytes that have arrived, and undefined where a read would wait',
    make: methods(() => ({ tryReadLine: () => undefined })),
  },
  'takes a turn for what is there': {
    rule: 'buffered bytes are read without a turn of the event loop',
    make: methods((_, own) => ({ readLine: (options) => turn().then(() => own('readLine')(options)) })),
  },
  'uses the memory of its results again': {
    rule: 'the bytes that a read has returned never change',
    make: methods((_, own) => {
      const memory = Buffer.alloc(100_000)
      return {
        readExactly: async (n, options) => {
          const result = await own('readExactly')(n, options)
          return typeof result === 'string' ? result : memory.subarray(0, result.copy(memory))
        },
      }
    }),
  },
}
