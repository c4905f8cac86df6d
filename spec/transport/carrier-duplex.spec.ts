// The Duplex that TLS runs over where the lowest layer is no socket, over a carrier whose writes the test completes.

import t from 'tap'
import type { Carrier, CarrierSink } from '../../lib/transport/carrier.js'
import { CarrierDuplex } from '../../lib/transport/carrier-duplex.js'

t.test('written bytes count as sent when the last of them has left', async (t) => {
  const written: string[] = []
  const sinks: CarrierSink[] = []
  const carrier = {
    attach: (sink: CarrierSink) => void sinks.push(sink),
    write: (piece: Buffer) => {
      written.push(piece.toString())
      return false
    },
    pause: () => {},
    resume: () => {},
    release: () => {},
  }
  const stream = new CarrierDuplex(carrier as unknown as Carrier)
  let emptied = 0
  stream.onEmptied = () => emptied++
  stream.write('one')
  stream.write('two')
  t.same(written, ['one'], 'the second write waits for the first')
  sinks[0]?.sent()
  t.same(written, ['one', 'two'], 'it follows in the same call')
  t.equal(emptied, 0, 'and is under way')
  sinks[0]?.sent()
  t.equal(emptied, 1)
  stream.destroy()
})
