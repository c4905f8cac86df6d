// Small parts: the system clock, the two sinks without a connection, and a single listening socket.

import t from 'tap'
import { systemClock } from '../../lib/transport/clock.js'
import { ListeningSocket } from '../../lib/transport/listening/listening-socket.js'
import { BufferingSink, silent } from '../../lib/transport/sink.js'
import { AcceptedCarriers, defaults, dial } from './listening-support.js'
import { Recorder, turns } from './support.js'

t.test('the system clock is monotonic, and its timers fire unless they are cleared', async (t) => {
  const before = systemClock.now()
  t.ok(systemClock.now() >= before)
  await new Promise<void>((resolve) => void systemClock.setTimer(resolve, 1))
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const idle = timers()
  const timer = systemClock.setTimer(() => t.fail('it was cleared'), 60_000)
  t.equal(timers(), idle + 1)
  timer.unref()
  t.equal(timers(), idle)
  timer.ref()
  t.equal(timers(), idle + 1)
  timer.clear()
  t.equal(timers(), idle)
})

t.test('a silent sink ignores every event', async (t) => {
  t.doesNotThrow(() => {
    silent.data(Buffer.alloc(1))
    silent.end()
    silent.sent()
    silent.finished()
    silent.lost(new Error('unheard'))
  })
})

t.test('a buffering sink keeps bytes and the end, in order, up to the first loss', async (t) => {
  const early = new BufferingSink()
  t.ok(early.isEmpty)
  early.sent() // ignored: no listener is attached
  early.data(Buffer.from('one '))
  early.data(Buffer.from('two'))
  early.end()
  const loss = new Error('first')
  early.lost(loss)
  early.lost(new Error('second'))
  t.equal(early.isEmpty, false)
  t.equal(early.loss, loss)
  const recorder = new Recorder()
  early.replay(() => recorder)
  t.equal(recorder.text, 'one two')
  t.same(recorder.events, ['data', 'end'])
  const broken = new BufferingSink()
  broken.lost(loss)
  broken.end()
  broken.replay(() => {
    throw new Error('an end behind a loss')
  })
})

t.test('a listening socket passes on kept connections once, also if open and close are called twice', async (t) => {
  const accepted = new AcceptedCarriers()
  const listeningSocket = new ListeningSocket(accepted, defaults)
  await listeningSocket.listen({ host: '127.0.0.1', port: 0 })
  await dial(t, { host: '127.0.0.1', port: listeningSocket.address.port })
  await turns(3)
  t.same(accepted.carriers, [])
  listeningSocket.open()
  listeningSocket.open()
  const carrier = await accepted.carrier()
  t.equal(accepted.carriers.length, 1)
  const closing = listeningSocket.close()
  t.equal(listeningSocket.close(), closing)
  await closing
  listeningSocket.open()
  carrier.reset()
})
