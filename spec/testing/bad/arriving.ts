// Connections that break a rule about the bytes that arrive.

import { pair } from '../../../lib/testing/pair.js'
import { atByte, type BadConnection, carriers, facts, ignore, methods, NULL, WHOLE } from './spoil.js'

export const arriving: Record<string, BadConnection> = {
  'drops a byte': { rule: WHOLE, make: atByte(100_000, (chunk) => chunk.subarray(1)) },
  'doubles a byte': { rule: WHOLE, make: atByte(100_000, (chunk) => Buffer.concat([chunk.subarray(0, 1), chunk])) },
  'changes a byte': {
    rule: WHOLE,
    make: atByte(250_000, (chunk) => Buffer.from(chunk.map((byte, at) => (at === 0 ? byte ^ 1 : byte)))),
  },
  'hands on an empty chunk': { rule: WHOLE, make: methods(() => ({ chunks: () => [Buffer.alloc(0)] })) },
  'reorders two chunks': {
    rule: WHOLE,
    make: carriers((_, sink) => {
      const held: Buffer[] = []
      return {
        tells: {
          data: (chunk) => {
            if (chunk.length > 10_000 && held.length === 0) {
              held.push(chunk)
              return
            }
            sink.data(chunk)
            for (const late of held.splice(0)) sink.data(late)
          },
        },
      }
    }),
  },
  stalls: { rule: WHOLE, make: () => pair({ faults: { stallAfter: 50_000 } }) },
  'ends early': { rule: WHOLE, make: () => pair({ faults: { endAfter: 50_000 } }) },
  breaks: { rule: WHOLE, make: () => pair({ faults: { resetAfter: 50_000 } }) },
  'counts no bytes': { rule: 'bytesRead, bytesWritten, buffered and queued count the bytes', make: facts(() => ({ bytesRead: 0 })) },
  'loses the end': { rule: NULL, make: carriers(() => ({ tells: { end: ignore } })) },
  'delivers bytes after the end': {
    rule: NULL,
    make: carriers((_, sink) => ({
      tells: {
        end: () => {
          sink.end()
          sink.data(Buffer.from('late'))
        },
      },
    })),
  },
}
