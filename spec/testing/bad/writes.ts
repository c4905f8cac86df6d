// Connections that break a rule about writes.

import { type BadConnection, facts, methods, told, turn } from './spoil.js'

export const writes: Record<string, BadConnection> = {
  'splits a write': {
    rule: 'writes leave in the order of the calls, and none is split by another',
    make: methods((_, own) => ({
      write: async (data) => {
        const pieces = Array.isArray(data) && data.length === 3 ? data : [data]
        for (const piece of pieces) {
          await own('write')(piece)
          await turn()
        }
      },
    })),
  },
  'lets a short write overtake': {
    rule: 'writes leave in the order of the calls, and none is split by another',
    make: methods((_, own) => ({
      write: (data) => (data === '7,' ? turn().then(() => own('write')(data)) : own('write')(data)),
    })),
  },
  'writes the elements of a view': {
    rule: 'text, views of any kind and arrays of them are written as their bytes',
    make: methods((_, own) => ({ write: (data) => own('write')(data instanceof Uint16Array ? Buffer.from(data) : data) })),
  },
  'sends what it can of what cannot be written': {
    rule: 'data that cannot be written is a TypeError, and none of it is sent',
    make: methods((_, own) => ({
      write: (data) => {
        if (Array.isArray(data) && data.includes(5)) own('tryWrite')('sent?')
        return own('write')(data)
      },
    })),
  },
  'flushes too early': { rule: 'flush waits for what is queued', make: methods(() => ({ flush: () => Promise.resolve() })) },
  'does not count what it flushed': {
    rule: 'flush resolves when no written byte is queued',
    make: facts((side) => {
      return { bytesWritten: () => (told(side, 'bytesWritten') === 200_000 ? 0 : told(side, 'bytesWritten')) }
    }),
  },
  'ends with its source': {
    rule: 'writeFrom writes the data of a source, and resolves with the number of bytes',
    make: methods((side, own) => ({
      writeFrom: async (source) => {
        const count = await own('writeFrom')(source)
        side.end()
        return count
      },
    })),
  },
}
