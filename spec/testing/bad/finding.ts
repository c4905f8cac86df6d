// Connections that break a rule about delimiters and patterns.

import { type BadConnection, methods } from './spoil.js'

export const finding: Record<string, BadConnection> = {
  'loses the first byte of a record': {
    rule: 'readUntil resolves with everything up to and including the first delimiter',
    make: methods((_, own) => ({ readUntil: async (...args) => (await own('readUntil')(...args)).slice(1) })),
  },
  'looks for the first byte of a delimiter only': {
    rule: 'readUntil finds a delimiter of several bytes at every cut',
    make: methods((_, own) => ({ readUntil: (delimiter, options) => own('readUntil')(delimiter[0], options) })),
  },
  'takes the false start of a delimiter': {
    rule: 'the false start of a delimiter is no match',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) => own('readUntil')(delimiter === 'aab' ? 'aa' : delimiter, options),
    })),
  },
  'looks for the first of several delimiters only': {
    rule: 'of several delimiters the first to start wins, then the longest, whatever the cuts',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) => own('readUntil')(Array.isArray(delimiter) ? delimiter[0] : delimiter, options),
    })),
  },
  'does not wait for a longer delimiter': {
    rule: 'where a longer delimiter may still complete, readUntil waits for the next byte or the end',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) =>
        own('readUntil')(Array.isArray(delimiter) && delimiter.length === 2 && delimiter[0] === '\r' ? '\r' : delimiter, options),
    })),
  },
  'skips empty records': {
    rule: 'an empty record is a record',
    make: methods((_, own) => ({
      readLine: async (options) => {
        for (;;) {
          const line = await own('readLine')(options)
          if (line !== '') return line
        }
      },
    })),
  },
  'leaves the carriage return': {
    rule: 'readLine strips the line end, \\n or \\r\\n, and nothing else',
    make: methods((_, own) => ({ readLine: (options) => own('readLine')({ delimiter: '\n', ...options }) })),
  },
  'strips the carriage return of a delimiter of its own': {
    rule: 'readLine with a delimiter strips exactly that',
    make: methods((_, own) => ({
      readLine: async (options) => (await own('readLine')(options)).replace(options?.delimiter === undefined ? '' : /\r$/, ''),
    })),
  },
  'matches from the lastIndex of the pattern': {
    rule: 'readUntilMatch resolves with everything up to the end of the first match',
    make: methods((_, own) => ({
      readUntilMatch: async (pattern: RegExp, options) => {
        const result = await own('readUntilMatch')(pattern, options)
        pattern.lastIndex = 0
        return result
      },
    })),
  },
  'leaves the delimiter it skipped to': {
    rule: 'skipUntil drops everything up to and including the delimiter',
    make: methods((_, own) => ({ skipUntil: async (...args) => (await own('skipUntil')(...args)) - 1 })),
  },
  'decodes what is left of the last result': {
    rule: 'each result is decoded on its own',
    make: methods((_, own) => ({
      readExactly: async (...args) => {
        const result = await own('readExactly')(...args)
        return typeof result === 'string' ? result.replace('\ufffd', '') : result
      },
    })),
  },
}
