// Rules of wrong arguments: TypeError for a wrong type, RangeError for an impossible value. A method that returns a promise
// rejects, and never throws. Arguments are checked first, and no byte is consumed.

import type { Connection } from '../../connection/connection.js'
import { ConcurrentReadError } from '../../errors.js'
import { begin, bytes, rejects, throws } from './expect.js'
import { type Rules, send, sized } from './speak.js'

type Call = (side: Connection) => Promise<unknown>

// Passes a value that the types forbid, as a JavaScript program may.
const any = (value: unknown): never => value as never

const wrongTypes: readonly Call[] = [
  (side) => side.readUntil(any(5)),
  (side) => side.readUntil(any(undefined)),
  (side) => side.readUntil(any(['\n', 5])),
  (side) => side.readUntil('\n', any(5)),
  (side) => side.readUntil('\n', any(null)),
  (side) => side.readUntilMatch(any(';')),
  (side) => side.readExactly(any('4')),
  (side) => side.readExactly(any(undefined)),
  (side) => side.peek(any(null)),
  (side) => side.skip(any('4')),
  (side) => side.skipUntil(any({})),
  (side) => side.readInto(any('abc')),
  (side) => side.readInto(any([0, 0])),
  (side) => side.readInto(new Uint8Array(4), { partial: any('yes') }),
  (side) => side.readLine({ delimiter: any(5) }),
  (side) => side.readMessage(any(undefined)),
  (side) => side.readMessage(any('sized')),
  (side) => side.read({ signal: any({}) }),
  (side) => side.read({ timeout: any('5') }),
  (side) => side.read({ maxBytes: any('5') }),
  (side) => side.read({ idle: any('no') }),
  (side) => side.read({ encoding: any(5) }),
  (side) => side.readToEnd(any(true)),
  (side) => side.write(any(undefined)),
  (side) => side.writeFrom(any('text')),
]

const impossible: readonly Call[] = [
  (side) => side.readUntil(''),
  (side) => side.readUntil(new Uint8Array(0)),
  (side) => side.readUntil([]),
  (side) => side.readUntil(['\n', '']),
  (side) => side.readUntil('\n', any('klingon')),
  (side) => side.readLine({ delimiter: '' }),
  (side) => side.readExactly(-1),
  (side) => side.readExactly(1.5),
  (side) => side.readExactly(Number.NaN),
  (side) => side.peek(-1),
  (side) => side.skip(-1),
  (side) => side.skipUntil([]),
  (side) => side.read({ timeout: 0 }),
  (side) => side.read({ timeout: -1 }),
  (side) => side.read({ timeout: Number.NaN }),
  (side) => side.read({ maxBytes: 0 }),
  (side) => side.readLine({ maxBytes: -1 }),
  (side) => side.readToEnd({ maxBytes: 1.5 }),
  (side) => side.readExactly(1, { encoding: any('klingon') }),
  (side) => side.readMessage(sized, { maxBytes: 0 }),
]

/** Returns the promise of a call. Fails if the call throws. */
function called(call: Call, side: Connection): Promise<unknown> {
  try {
    return call(side)
  } catch (error) {
    throw new Error(`${call}: threw at once instead of rejecting`, { cause: error })
  }
}

export const refusing: Rules = {
  async 'a wrong argument is a rejection, TypeError or RangeError, and no byte is consumed'(a, b) {
    await send(a, b, 'abc\n')
    for (const call of wrongTypes) await rejects(called(call, b), TypeError, String(call))
    for (const call of impossible) await rejects(called(call, b), RangeError, String(call))
    bytes(await b.readExactly(4), 'abc\n', 'the bytes after all that')
  },

  async 'a wrong argument of a method without a promise is thrown'(a, b) {
    await send(a, b, 'abc\n')
    throws(() => b.tryReadUntil(''), RangeError, "tryReadUntil('')")
    throws(() => b.tryReadUntil(any(5)), TypeError, 'tryReadUntil(5)')
    throws(() => b.tryReadExactly(-1), RangeError, 'tryReadExactly(-1)')
    throws(() => b.tryReadExactly(any('4')), TypeError, "tryReadExactly('4')")
    throws(() => b.tryReadExactly(1, any('klingon')), RangeError, "tryReadExactly(1, 'klingon')")
    throws(() => b.tryReadLine({ maxBytes: 0 }), RangeError, 'tryReadLine({ maxBytes: 0 })')
    throws(() => b.tryWrite(any(5)), TypeError, 'tryWrite(5)')
    bytes(await b.readExactly(4), 'abc\n', 'the bytes after all that')
  },

  async 'of several reasons to refuse a read its arguments come first, then ConcurrentReadError, then the signal'(a, b) {
    const signal = AbortSignal.abort()
    const read = begin(b.readLine())
    await rejects(b.readExactly(-1, { signal }), RangeError, 'a wrong argument, a read pending, an aborted signal')
    await rejects(b.readExactly(1, { signal }), ConcurrentReadError, 'a read pending, an aborted signal')
    await send(a, b, 'x\n')
    await read
  },
}
