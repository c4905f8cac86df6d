// The conformance check of carriers: one test for each rule of `lib/transport/carrier.ts`, run over every kind of carrier. The
// behaviour of a single kind is tested in its own spec. Here are the rules on bytes and settings; those on ends, resets and
// losses are in carrier-rules-ending.ts.

import type { Test } from 'tap'
import { endingRules } from './carrier-rules-ending.js'
import { fillUp, type Kind, type Pair, pattern, Recorder, type Rule, recording, turns, writeAll } from './support.js'

export function carrierRules(t: Test, makePair: (t: Test) => Promise<Pair>, kind: Kind): void {
  const rule: Rule = (name, body) => {
    t.test(name, { timeout: 20_000 }, async (t) => {
      const pair = await makePair(t)
      t.teardown(() => {
        for (const carrier of pair) carrier.reset()
      })
      await body(t, pair)
    })
  }
  byteRules(rule)
  endingRules(rule, kind)
}

function byteRules(rule: Rule): void {
  rule('bytes arrive only after attach and resume, and then all of them do', async (t, [a, b]) => {
    const here = recording(a)
    a.write(Buffer.from('early'))
    a.end()
    await here.waitFor('finished')
    await turns(5)
    const recorder = new Recorder()
    b.attach(recorder)
    await turns(5)
    t.same(recorder.events, [])
    b.resume()
    t.same(recorder.events, [], 'not within resume')
    await recorder.waitFor('end')
    t.equal(recorder.text, 'early')
    t.same(recorder.events, ['data', 'end'])
  })

  rule('an end from before the first listener is reported once, and not within resume', async (t, [a, b]) => {
    const here = recording(a)
    a.end()
    await here.waitFor('finished')
    await turns(10)
    const recorder = new Recorder()
    b.attach(recorder)
    b.resume()
    b.resume()
    t.same(recorder.events, [])
    await recorder.waitFor('end')
    await turns(5)
    t.same(recorder.events, ['end'])
  })

  rule('megabytes in both directions at once arrive whole and in order', async (t, [a, b]) => {
    const [one, other] = [pattern(3_000_001), pattern(2_500_003)]
    const [here, there] = [recording(a), recording(b)]
    const send = async (carrier: typeof a, recorder: Recorder, data: Buffer): Promise<void> => {
      await writeAll(carrier, recorder, data)
      carrier.end()
    }
    await Promise.all([send(a, here, one), send(b, there, other), here.waitFor('end'), there.waitFor('end')])
    t.ok(there.all.equals(one))
    t.ok(here.all.equals(other))
  })

  rule('a piece larger than all buffers arrives whole', async (t, [a, b]) => {
    const data = pattern(4_000_000)
    const [here, there] = [recording(a), recording(b)]
    await writeAll(a, here, data, data.length)
    a.end()
    await there.waitFor('end')
    t.ok(there.all.equals(data))
    t.equal(here.count('sent') <= 1, true, 'sent once at most')
  })

  rule('a batch arrives as one piece, and an empty batch changes nothing', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    t.equal(a.writeBatch([]), true)
    t.equal(a.write(new Uint8Array(0)), true)
    const pieces = [Buffer.from('one '), new Uint8Array([0x74, 0x77, 0x6f, 0x20]), Buffer.alloc(0), Buffer.from('three')]
    if (!a.writeBatch(pieces)) await here.waitFor('sent')
    await there.until(() => there.bytes === 13)
    t.equal(there.text, 'one two three')
    t.equal(here.has('lost'), false)
  })

  rule('a large batch is under way until all of it has left', async (t, [a, b]) => {
    const here = recording(a)
    const recorder = new Recorder()
    b.attach(recorder)
    const pieces = Array.from({ length: 200 }, (_, n) => Buffer.alloc(64 * 1024, n))
    t.equal(a.writeBatch(pieces), false)
    t.same(here.events, [], 'not within the write')
    await turns(10)
    t.same(here.events, [], 'the peer does not read')
    b.resume()
    await here.waitFor('sent')
    await recorder.until(() => recorder.bytes === 200 * 64 * 1024)
    t.ok(recorder.all.equals(Buffer.concat(pieces)))
    t.same(here.events, ['sent'])
  })

  rule('a write is under way until the peer reads it', async (t, [a, b]) => {
    const here = recording(a)
    const recorder = new Recorder()
    b.attach(recorder)
    const given = await fillUp(a, here)
    const sent = here.count('sent')
    await turns(10)
    t.equal(here.count('sent'), sent)
    b.resume()
    await here.waitFor('sent', sent + 1)
    await recorder.until(() => recorder.bytes === given)
    await turns(5)
    t.same(
      here.events.filter((what) => what !== 'sent'),
      [],
    )
    t.equal(here.count('sent'), sent + 1)
  })

  rule('a paused carrier delivers at most a few chunks more, and the rest once it is resumed', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    let after = 0
    let paused = false
    there.onData = () => {
      if (paused) after++
      paused = true
      b.pause()
    }
    const data = pattern(2_000_000)
    const writing = writeAll(a, here, data)
    await there.waitFor('data')
    await turns(20)
    t.ok(after <= 2, `${after} chunks after the pause`)
    t.ok(there.bytes < data.length)
    there.onData = () => {}
    b.resume()
    await writing
    await there.until(() => there.bytes === data.length)
    t.ok(there.all.equals(data))
  })

  rule('pausing within every chunk loses nothing', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    there.onData = () => {
      b.pause()
      setImmediate(() => b.resume())
    }
    const data = pattern(600_000)
    await writeAll(a, here, data, 10_000)
    a.end()
    await there.waitFor('end')
    t.ok(there.all.equals(data))
  })

  rule('the memory of a piece may be reused once it has left', async (t, [a, b]) => {
    const here = recording(a)
    const recorder = new Recorder()
    b.attach(recorder)
    const piece = Buffer.alloc(1000, 'a')
    if (!a.write(piece)) await here.waitFor('sent')
    piece.fill('b')
    b.resume()
    await recorder.until(() => recorder.bytes === 1000)
    t.equal(recorder.text, 'a'.repeat(1000))
  })

  rule('settings never throw, on an open carrier and on a closed one', async (t, [a, b]) => {
    const settings = (): void => {
      a.setNoDelay(true)
      a.setNoDelay(false)
      a.setKeepAlive(true, 1000)
      a.setKeepAlive(false, 0)
      a.unref()
      a.ref()
    }
    settings()
    const [here, there] = [recording(a), recording(b)]
    settings()
    a.write(Buffer.from('fine'))
    await there.waitFor('data')
    a.reset()
    settings()
    await turns(5)
    settings()
    a.resume()
    a.pause()
    t.same(
      here.events.filter((what) => what !== 'sent'),
      [],
    )
  })

  rule('both ends have an address', async (t, [a, b]) => {
    for (const carrier of [a, b]) {
      t.type(String(carrier.remote), 'string')
      t.type(String(carrier.local), 'string')
    }
    if (a.local.family !== 'unix') {
      t.equal(String(a.local), String(b.remote))
      t.equal(String(a.remote), String(b.local))
    }
  })
}
