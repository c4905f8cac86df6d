// Rules of back-pressure: writes wait while the peer does not read, no byte is lost, and buffers stay bounded.

import { ConnectionClosedError, LimitExceededError } from '../../errors.js'
import { begin, equal, expect, rejects, stays, throws } from './expect.js'
import { fillUntilBlocked, type Rules } from './speak.js'

// How far a side may read beyond its high-water mark, for example by one large chunk of its carrier: far less than the limit
// of `fillUntilBlocked`.
const SLACK = 4 * 1024 * 1024

export const pressing: Rules = {
  async 'a side that does not read makes write wait, and reading lets it go on'(a, b) {
    const { write, sent } = await fillUntilBlocked(a)
    const waiting = begin(write)
    expect(a.queued > 0, 'queued is 0 although a write waits')
    expect(
      a.queued + a.bytesWritten === sent,
      `queued and bytesWritten come to ${a.queued + a.bytesWritten}, although ${sent} bytes were written`,
    )
    expect(b.buffered <= b.limits.readHighWaterMark + SLACK, `${b.buffered} bytes were read ahead although nobody reads`)
    equal(waiting.state, 'pending', 'the write, while nobody reads')
    equal(await b.skip(sent), sent, 'skip of all that was written')
    await waiting
    await a.flush()
    equal(a.queued, 0, 'queued once all is read')
    equal(await b.tryReadExactly(1), undefined, 'a byte beyond what was written')
  },

  async 'flush waits for what is queued'(a, b) {
    const { sent } = await fillUntilBlocked(a)
    const flushed = begin(a.flush())
    await stays(flushed, 'flush while nobody reads')
    await b.skip(sent)
    await flushed
    equal(a.bytesWritten, sent, 'bytesWritten after flush')
  },

  async 'tryWrite queues all of its data below the high-water mark, and otherwise nothing'(a, b) {
    equal(a.tryWrite('abc'), true, 'tryWrite with nothing queued')
    const { sent } = await fillUntilBlocked(a)
    const { queued } = a
    equal(a.tryWrite('lost'), false, 'tryWrite to a side that does not read')
    equal(a.queued, queued, 'queued after it')
    throws(() => a.tryWrite(5 as never), TypeError, 'tryWrite(5)')
    await b.skip(sent + 3)
    await a.flush()
    equal(a.tryWrite(['x', Buffer.from('yz')]), true, 'tryWrite once all is read')
    equal(await b.readExactly(3, 'utf8'), 'xyz', 'what it wrote, and nothing of the refused one')
    await a.end()
    equal(a.tryWrite('late'), false, 'tryWrite after end')
    equal(await b.read(), null, 'read() at the end of the stream')
  },

  async 'writeHighWaterMark is the mark of write and tryWrite'(a, b) {
    const { sent } = await fillUntilBlocked(a)
    a.setLimits({ writeHighWaterMark: 2 * a.queued })
    await a.write('x')
    equal(a.tryWrite('y'), true, 'tryWrite below a mark that was raised')
    const size = a.queued
    const waiting = begin(a.write(Buffer.alloc(size)))
    await stays(waiting, 'a write that fills the queue up to the mark')
    equal(a.tryWrite('z'), false, 'tryWrite above the mark')
    await b.skip(sent)
    equal(await b.readExactly(2, 'utf8'), 'xy', 'what was written below the mark')
    // The write of a large piece resolves only when the piece was handed to the system.
    await b.skip(size)
    await waiting
  },

  async 'a connection whose queue exceeds maxWriteBuffer is aborted as a slow consumer'(a) {
    a.setLimits({ maxWriteBuffer: 1000 })
    const { write } = await fillUntilBlocked(a)
    const waiting = begin(write)
    const error = await rejects(a.write('x'), LimitExceededError, 'a write beyond maxWriteBuffer')
    equal(error.option, 'maxWriteBuffer', 'option of its error')
    await rejects(waiting, ConnectionClosedError, 'the write that waited')
    const info = await a.closed
    equal([info.by, info.error === error], ['aborted', true], 'by of closed, and whether its error is that one')
  },
}
