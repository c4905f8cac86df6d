// Writes for which no memory can be allocated.

import t from 'tap'
import { hasSpareSlab, releaseSlab, takeSlab } from '../../../lib/connection/writing/slabs.js'
import type { Connection } from '../../../lib/index.js'
import { memory } from '../../support/fixture.js'
import { rejection, within } from '../../support/wait.js'

t.test('text that no memory can be allocated for is rejected whole, and the connection goes on', async (t) => {
  const { a, b } = memory(t)
  const { from } = Buffer
  const refuse = new RangeError('Array buffer allocation failed')
  a.write('one ')
  Buffer.from = ((data: string, ...rest: never[]) => {
    if (data.length > 100_000) throw refuse
    return from(data, ...rest)
  }) as typeof from
  t.teardown(() => (Buffer.from = from))
  const huge = 'x'.repeat(100_001)
  t.equal(await rejection(a.write(huge)), refuse)
  t.equal(await rejection(a.write(['lost', Buffer.from('lost'), huge])), refuse)
  t.equal(await rejection(a.write(huge, 'latin1')), refuse)
  t.throws(() => a.tryWrite(['lost', huge]), refuse)
  t.equal(await rejection(a.writeFrom([huge])), refuse)
  t.equal(await rejection(a.end(['lost', huge])), refuse)
  t.equal(a.queued, 4)
  await a.end('two')
  t.equal(await b.readToEnd('latin1'), 'one two')
})

t.test('a connection whose writes cannot be joined for lack of memory is cut, and no other', async (t) => {
  const { a } = memory(t)
  const { a: other, b: far } = memory(t)
  const spare: Buffer[] = []
  while (hasSpareSlab()) spare.push(takeSlab())
  const { allocUnsafeSlow } = Buffer
  const refuse = new RangeError('Array buffer allocation failed')
  // Small allocations succeed: the connections in memory copy what they carry.
  Buffer.allocUnsafeSlow = (size) => {
    if (size > 1000) throw refuse
    return allocUnsafeSlow(size)
  }
  t.teardown(() => (Buffer.allocUnsafeSlow = allocUnsafeSlow))
  const text = 'x'.repeat(5000)
  a.write(text)
  a.write(text)
  other.write('hello')
  t.equal((await within(a.closed)).error, refuse)
  t.equal(((await rejection(a.flush())) as Error).cause, refuse)
  for (const count of [
    (c: Connection) => c.flush(),
    (c: Connection) => Promise.reject(c.queued),
    (c: Connection) => c.write(Buffer.alloc(10)),
  ]) {
    const { a } = memory(t)
    a.write(text)
    a.write(text)
    await count(a).catch(() => {})
    t.equal((await within(a.closed)).error, refuse, 'also when its bytes are counted')
    t.equal(a.queued, 0)
  }
  t.equal(await far.readExactly(5, 'latin1'), 'hello')
  for (const slab of spare) releaseSlab(slab)
})
