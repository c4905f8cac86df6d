// Rules of a drain: a read that waits for a new message rejects, and a read in the middle of a message goes on. These rules also
// show the effect of the option `idle`.

import { DrainingError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, stays } from './expect.js'
import { type Rules, send, sized } from './speak.js'

export const draining: Rules = {
  async 'a drain rejects a read that waits for a new message with DrainingError, and a later one too'(a, b) {
    const read = begin(b.readUntil('\n'))
    await stays(read, 'readUntil before the drain')
    b.drain()
    await rejects(read, DrainingError, 'readUntil that waits for a new message')
    await rejects(b.readLine(), DrainingError, 'readLine after the drain')
    await rejects(b.read(), DrainingError, 'read() after the drain')
    await rejects(b.readMessage(sized), DrainingError, 'readMessage after the drain')
    await rejects(b.lines().next(), DrainingError, 'lines() after the drain')
    b.drain()
    await b.write('goodbye\n')
    equal(await a.readLine(), 'goodbye', 'what is said after the drain')
    equal([b.ended, b.signal.aborted], [false, false], 'ended and signal.aborted after the drain')
  },

  async 'a drain leaves a read in the middle of a message alone'(a, b) {
    await send(a, b, 'ab')
    await b.readExactly(2)
    const rest = begin(b.readLine())
    b.drain()
    await stays(rest, 'a read for the rest of a message')
    await send(a, b, 'c\n')
    equal(await rest, 'c', 'that read')
  },

  async 'a byte that has arrived begins a message, which a drain does not interrupt'(a, b) {
    await send(a, b, 'a')
    const line = begin(b.readLine())
    b.drain()
    await stays(line, 'readLine with a byte there')
    await send(a, b, 'b\n5\n')
    equal(await line, 'ab', 'that read')
    const message = begin(b.readMessage(sized))
    await stays(message, 'readMessage with its first line there')
    await send(a, b, 'hello')
    equal(await message, 'hello', 'that message')
  },

  async 'bytes that have arrived are read in spite of a drain'(a, b) {
    await send(a, b, 'one\ntwo\nthree\nfour\n')
    b.drain()
    equal(await b.readLine(), 'one', 'readLine')
    equal(b.tryReadLine(), 'two', 'tryReadLine')
    equal((await b.lines().next()).value, 'three', 'lines()')
    equal(await b.readMessage((reader) => reader.readLine()), 'four', 'readMessage')
    equal(b.tryReadLine(), undefined, 'tryReadLine where a read would wait: never a DrainingError')
  },

  async 'drainSignal aborts with a DrainingError when the connection is asked to finish'(_, b) {
    const { drainSignal } = b
    equal(drainSignal.aborted, false, 'drainSignal.aborted before the drain')
    let heard = false
    drainSignal.addEventListener('abort', () => {
      heard = true
    })
    b.drain()
    expect(drainSignal.aborted && heard, 'drainSignal is not aborted after drain()')
    expect(drainSignal.reason instanceof DrainingError, `drainSignal.reason is ${drainSignal.reason}`)
    equal(b.signal.aborted, false, 'signal.aborted after drain()')
    equal(b.drainSignal.aborted, true, 'drainSignal.aborted, asked again')
  },

  async 'a read is idle by default if nothing was consumed since the last write'(a, b) {
    b.drain()
    await rejects(b.readLine(), DrainingError, 'the first read')
    await send(a, b, 'x')
    bytes(await b.peek(1), 'x', 'peek(1)')
    bytes(await b.readExactly(1), 'x', 'readExactly(1)')
    let read = begin(b.readLine())
    await stays(read, 'a read after a byte was consumed')
    await b.write('an answer before the message is whole\n')
    await stays(read, 'that read after a write')
    await send(a, b, 'y\n')
    equal(await read, 'y', 'that read')
    read = begin(b.readLine())
    await stays(read, 'a read after a write that was made while a read was pending')
    await send(a, b, 'z\n')
    await read
    await b.write('answer\n')
    await rejects(b.readLine(), DrainingError, 'a read after a write')
    await rejects(b.readExactly(5), DrainingError, 'a read after one that failed')
  },

  async 'the option idle determines whether a drain interrupts a read'(a, b) {
    b.drain()
    const fresh = begin(b.readLine({ idle: false }))
    await stays(fresh, 'a read with idle: false before anything was consumed')
    await send(a, b, 'x\n')
    equal(await fresh, 'x', 'that read')
    await rejects(b.readLine({ idle: true }), DrainingError, 'a read with idle: true after something was consumed')
    await rejects(b.lines().next(), DrainingError, 'lines() after something was consumed')
    await rejects(b.readMessage(sized), DrainingError, 'readMessage after something was consumed')
    const message = begin(b.readMessage(sized, { idle: false }))
    await stays(message, 'readMessage with idle: false')
    await send(a, b, '2\nok')
    equal(await message, 'ok', 'that message')
    const lines = begin(b.lines({ idle: false }).next())
    await stays(lines, 'lines with idle: false')
    await send(a, b, 'line\n')
    equal((await lines).value, 'line', 'that line')
  },

  async 'a read counts as idle only until the first byte of its message'(a, b) {
    const message = begin(b.readMessage(sized))
    await send(a, b, '2')
    b.drain()
    await stays(message, 'readMessage after its first byte')
    await send(a, b, '\n')
    await stays(message, 'readMessage between its reads')
    await send(a, b, 'ok')
    equal(await message, 'ok', 'that message')
    await rejects(b.readMessage(sized), DrainingError, 'the next message')
  },
}
