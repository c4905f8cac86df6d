import t from 'tap'
import { view, viewBy } from '../../lib/bytes/view.js'

t.test('a view is a Buffer at the given place in memory', async (t) => {
  const memory = Buffer.allocUnsafeSlow(100)
  memory.write('hello', 40)
  // What Node, another runtime, or a runtime without such a thing may say.
  for (const make of [view, viewBy(Buffer), viewBy(Uint8Array), viewBy(undefined)]) {
    const bytes = make(memory.buffer, 40, 5)
    t.ok(Buffer.isBuffer(bytes))
    t.equal(Object.getPrototypeOf(bytes), Buffer.prototype)
    t.strictSame(bytes, Buffer.from('hello'))
    memory[40] = 74
    t.equal(bytes.toString(), 'Jello')
    memory[40] = 104
  }
})
