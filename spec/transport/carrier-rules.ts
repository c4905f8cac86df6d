// The conformance check of carriers: what `lib/transport/carrier.ts` promises, one test a promise, run over every carrier
// there is. What only one of them does is in its own spec.

import type { Test } from 'tap'
import { Ear, fill, fillUp, listening, type Pair, pattern, turns, writeAll } from './support.js'

export interface Kind {
  /** Whether a reset reaches the peer as a break. Where not (Unix sockets), it may be an end. */
  readonly breaks: boolean
}

export function carrierRules(t: Test, makePair: (t: Test) => Promise<Pair>, { breaks }: Kind): void {
  const rule = (name: string, body: (t: Test, pair: Pair) => Promise<void>): void => {
    t.test(name, { timeout: 20_000 }, async (t) => {
      const pair = await makePair(t)
      t.teardown(() => {
        for (const carrier of pair) carrier.reset()
      })
      await body(t, pair)
    })
  }

  rule('nothing arrives before a carrier is attached and resumed, and then everything does', async (t, [a, b]) => {
    const here = listening(a)
    a.write(Buffer.from('early'))
    a.end()
    await here.hears('finished')
    await turns(5)
    const ear = new Ear()
    b.attach(ear)
    await turns(5)
    t.same(ear.told, [])
    b.resume()
    t.same(ear.told, [], 'not within resume')
    await ear.hears('end')
    t.equal(ear.text, 'early')
    t.same(ear.told, ['data', 'end'])
  })

  rule('an end that came before anybody listened is told, once and not within resume', async (t, [a, b]) => {
    const here = listening(a)
    a.end()
    await here.hears('finished')
    await turns(10)
    const ear = new Ear()
    b.attach(ear)
    b.resume()
    b.resume()
    t.same(ear.told, [])
    await ear.hears('end')
    await turns(5)
    t.same(ear.told, ['end'])
  })

  rule('megabytes in both directions at once arrive whole and in order', async (t, [a, b]) => {
    const [one, other] = [pattern(3_000_001), pattern(2_500_003)]
    const [here, there] = [listening(a), listening(b)]
    const send = async (carrier: typeof a, ear: Ear, data: Buffer): Promise<void> => {
      await writeAll(carrier, ear, data)
      carrier.end()
    }
    await Promise.all([send(a, here, one), send(b, there, other), here.hears('end'), there.hears('end')])
    t.ok(there.all.equals(one))
    t.ok(here.all.equals(other))
  })

  rule('a piece larger than everything in between arrives whole', async (t, [a, b]) => {
    const data = pattern(4_000_000)
    const [here, there] = [listening(a), listening(b)]
    await writeAll(a, here, data, data.length)
    a.end()
    await there.hears('end')
    t.ok(there.all.equals(data))
    t.equal(here.count('sent') <= 1, true, 'sent once at most')
  })

  rule('a batch arrives as if it were one piece, and a batch of nothing is nothing', async (t, [a, b]) => {
    const [here, there] = [listening(a), listening(b)]
    t.equal(a.writeBatch([]), true)
    t.equal(a.write(new Uint8Array(0)), true)
    const pieces = [Buffer.from('one '), new Uint8Array([0x74, 0x77, 0x6f, 0x20]), Buffer.alloc(0), Buffer.from('three')]
    if (!a.writeBatch(pieces)) await here.hears('sent')
    await there.until(() => there.bytes === 13)
    t.equal(there.text, 'one two three')
    t.equal(here.has('lost'), false)
  })

  rule('a large batch is under way until all of it has left', async (t, [a, b]) => {
    const here = listening(a)
    const ear = new Ear()
    b.attach(ear)
    const pieces = Array.from({ length: 200 }, (_, n) => Buffer.alloc(64 * 1024, n))
    t.equal(a.writeBatch(pieces), false)
    t.same(here.told, [], 'not within the write')
    await turns(10)
    t.same(here.told, [], 'nobody takes it')
    b.resume()
    await here.hears('sent')
    await ear.until(() => ear.bytes === 200 * 64 * 1024)
    t.ok(ear.all.equals(Buffer.concat(pieces)))
    t.same(here.told, ['sent'])
  })

  rule('a write that the other side does not take is under way until it does', async (t, [a, b]) => {
    const here = listening(a)
    const ear = new Ear()
    b.attach(ear)
    const given = await fillUp(a, here)
    const sent = here.count('sent')
    await turns(10)
    t.equal(here.count('sent'), sent)
    b.resume()
    await here.hears('sent', sent + 1)
    await ear.until(() => ear.bytes === given)
    await turns(5)
    t.same(
      here.told.filter((what) => what !== 'sent'),
      [],
    )
    t.equal(here.count('sent'), sent + 1)
  })

  rule('a paused carrier brings a chunk or two more, and the rest when it is resumed', async (t, [a, b]) => {
    const [here, there] = [listening(a), listening(b)]
    let after = 0
    let paused = false
    there.onData = () => {
      if (paused) after++
      paused = true
      b.pause()
    }
    const data = pattern(2_000_000)
    const writing = writeAll(a, here, data)
    await there.hears('data')
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
    const [here, there] = [listening(a), listening(b)]
    there.onData = () => {
      b.pause()
      setImmediate(() => b.resume())
    }
    const data = pattern(600_000)
    await writeAll(a, here, data, 10_000)
    a.end()
    await there.hears('end')
    t.ok(there.all.equals(data))
  })

  rule('after an end the other direction goes on', async (t, [a, b]) => {
    const [here, there] = [listening(a), listening(b)]
    a.write(Buffer.from('question'))
    a.end()
    t.equal(here.has('finished'), false, 'not within end')
    await there.hears('end')
    await here.hears('finished')
    const answer = pattern(500_000)
    await writeAll(b, there, answer)
    b.end()
    await here.hears('end')
    await there.hears('finished')
    t.ok(here.all.equals(answer))
    t.equal(here.has('lost') || there.has('lost'), false)
  })

  rule('when both directions have ended, nothing more is heard, and release is quiet', async (t, [a, b]) => {
    const [here, there] = [listening(a), listening(b)]
    a.end()
    b.end()
    await Promise.all([here.hears('end'), here.hears('finished'), there.hears('end'), there.hears('finished')])
    await turns(10)
    a.release()
    b.release()
    a.release()
    await turns(10)
    t.same([...here.told].sort(), ['end', 'finished'])
    t.same([...there.told].sort(), ['end', 'finished'])
  })

  rule('a reset is a break for the peer, and this side hears no more', async (t, [a, b]) => {
    const [here, there] = [listening(a), listening(b)]
    b.write(Buffer.from('hello'))
    await here.hears('data')
    const before = [...here.told]
    b.write(Buffer.from('more'))
    a.reset()
    a.reset()
    a.release()
    await there.until(() => there.has('lost') || (!breaks && there.has('end')))
    if (breaks) t.equal(there.has('end'), false)
    if (there.loss !== undefined) t.ok(there.loss instanceof Error)
    await turns(10)
    t.same(here.told, before)
    t.ok(there.count('lost') <= 1)
  })

  for (const when of ['while bytes wait to leave', 'right behind end', 'once the end has left', 'before anything was attached']) {
    rule(`a reset ${when} is no end for the peer`, async (t, [a, b]) => {
      const there = listening(b)
      if (when === 'before anything was attached') a.reset()
      else {
        const here = listening(a)
        if (when === 'while bytes wait to leave') {
          b.pause()
          fill(a)
          a.reset()
          b.resume()
        } else {
          a.end()
          if (when === 'once the end has left') await here.hears('finished')
          a.reset()
        }
        await turns(10)
        t.same(
          here.told.filter((what) => what !== 'finished'),
          [],
        )
      }
      // An end that was on its way may be heard first; what is sent then still shows the break.
      await there.until(() => there.has('lost') || there.has('end'))
      if (when === 'while bytes wait to leave' && breaks) t.equal(there.has('end'), false)
      if (!there.has('lost')) {
        for (let n = 0; n < 50 && !there.has('lost'); n++) {
          if (n === 0 || there.count('sent') > 0) b.write(Buffer.from('still there?'))
          await turns(2)
        }
        await there.hears('lost')
      }
      t.equal(there.count('lost'), 1)
    })
  }

  rule('a loss before anybody listened is told once, after the bytes, and not within resume', async (t, [a, b]) => {
    const here = listening(a)
    fill(a)
    await turns(3)
    a.reset()
    await turns(10)
    const ear = new Ear()
    b.attach(ear)
    await turns(2)
    t.same(ear.told, [])
    b.resume()
    b.resume()
    t.same(ear.told, [])
    await ear.until(() => ear.has('lost') || (!breaks && ear.has('end')))
    await turns(5)
    t.equal(ear.told.filter((what) => what !== 'data').length, 1)
    t.same(
      here.told.filter((what) => what !== 'sent'),
      [],
    )
  })

  rule('writing to a side that is released is a loss, once', async (t, [a, b]) => {
    const [here] = [listening(a), listening(b)]
    b.release()
    for (let n = 0; n < 100 && !here.has('lost'); n++) {
      a.write(Buffer.alloc(1000))
      await turns(2)
    }
    await here.hears('lost')
    await turns(5)
    t.equal(here.count('lost'), 1)
    t.equal(here.told.at(-1), 'lost')
  })

  rule('a reset from within data is obeyed at once', async (t, [a, b]) => {
    const [here, there] = [listening(a), listening(b)]
    there.onData = () => b.reset()
    await Promise.all([writeAll(a, here, pattern(1_000_000)), here.until(() => here.has('lost') || here.has('end'))])
    await turns(5)
    t.equal(there.chunks.length, 1)
    t.same(there.told, ['data'])
  })

  rule('memory that was written from may be used again once it has left', async (t, [a, b]) => {
    const here = listening(a)
    const ear = new Ear()
    b.attach(ear)
    const piece = Buffer.alloc(1000, 'a')
    if (!a.write(piece)) await here.hears('sent')
    piece.fill('b')
    b.resume()
    await ear.until(() => ear.bytes === 1000)
    t.equal(ear.text, 'a'.repeat(1000))
  })

  rule('settings do no harm, to a living carrier and to a dead one', async (t, [a, b]) => {
    const settings = (): void => {
      a.setNoDelay(true)
      a.setNoDelay(false)
      a.setKeepAlive(true, 1000)
      a.setKeepAlive(false, 0)
      a.unref()
      a.ref()
    }
    settings()
    const [here, there] = [listening(a), listening(b)]
    settings()
    a.write(Buffer.from('fine'))
    await there.hears('data')
    a.reset()
    settings()
    await turns(5)
    settings()
    a.resume()
    a.pause()
    t.same(
      here.told.filter((what) => what !== 'sent'),
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
