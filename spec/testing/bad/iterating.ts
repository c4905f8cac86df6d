// Connections that break a rule about iterators.

import { LimitExceededError } from '../../../lib/errors.js'
import { type BadConnection, methods, untilFailure } from './spoil.js'

export const iterating: Record<string, BadConnection> = {
  'does not decode lines': {
    rule: 'lines takes a delimiter and an encoding',
    make: methods((_, own) => ({ lines: (options) => own('lines')({ ...options, encoding: undefined }) })),
  },
  'leaves out an unterminated last line': {
    rule: 'lines yields each line, and at the end one that has no line end',
    make: methods((side) => ({ lines: () => untilFailure(() => side.readLine()) })),
  },
  'goes on with the rest of an over-long line': {
    rule: "with overflow: 'skip' an over-long line is dropped whole and the next one comes",
    make: methods((side, own) => ({
      lines: (options) => {
        const lines = own('lines')(options)
        const next = (): Promise<unknown> =>
          side.readLine({ maxBytes: options.maxBytes }).then(
            (value) => ({ value, done: false }),
            () => side.skip(options.maxBytes).then(next),
          )
        if (options?.overflow === 'skip') lines.next = next
        return lines
      },
    })),
  },
  'takes an over-long line': {
    rule: 'an over-long line ends the iteration and stays unread',
    make: methods((side, own) => ({
      lines: (options) => {
        const lines = own('lines')(options)
        const next = lines.next.bind(lines)
        lines.next = async () => {
          try {
            return await next()
          } catch (error) {
            if (error instanceof LimitExceededError) await side.skipUntil('\n')
            throw error
          }
        }
        return lines
      },
    })),
  },
  'yields longer chunks than it may': {
    rule: 'chunks and the connection itself yield every byte until the end of the stream',
    make: methods((_, own) => ({ chunks: (n) => own('chunks')(n) })),
  },
  'takes an early end for the end of the chunks': {
    rule: 'chunks(n) yields exactly n bytes, and an earlier end is an EndOfStreamError',
    make: methods((_, own) => ({
      chunks: (n, options) => {
        const chunks = own('chunks')(n, options)
        const next = chunks.next.bind(chunks)
        chunks.next = () => next().catch(() => ({ value: undefined, done: true }))
        return chunks
      },
    })),
  },
  'ends the connection with the loop': {
    rule: 'between two items an iterator holds nothing, and leaving the loop leaves the connection open',
    make: methods((side, own) => ({
      lines: (options) => {
        const lines = own('lines')(options)
        lines.return = async () => {
          side.abort()
          return { value: undefined, done: true }
        }
        return lines
      },
    })),
  },
  'queues the second iterator': {
    rule: 'of two concurrent next calls the second rejects, and may be repeated',
    make: methods((_, own) => {
      let last: Promise<unknown> = Promise.resolve()
      return {
        lines: (options) => {
          const lines = own('lines')(options)
          const next = lines.next.bind(lines)
          lines.next = () => {
            const mine = last.then(next, next)
            last = mine
            return mine
          }
          return lines
        },
      }
    }),
  },
  'does not look at the options of an iterator': {
    rule: 'wrong options of an iterator reject its first next, and no byte is consumed',
    make: methods((_, own) => ({
      chunks: (n, options) => own('chunks')(typeof n === 'number' && n < 0 ? undefined : n, options),
    })),
  },
}
