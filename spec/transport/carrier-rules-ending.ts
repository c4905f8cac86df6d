// The rules of carriers on ends, resets and losses, for `carrierRules`.

import { fill, type Kind, pattern, Recorder, type Rule, recording, turns, writeAll } from './support.js'

export function endingRules(rule: Rule, { breaks }: Kind): void {
  rule('after an end in one direction the other one still works', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    a.write(Buffer.from('question'))
    a.end()
    t.equal(here.has('finished'), false, 'not within end')
    await there.waitFor('end')
    await here.waitFor('finished')
    const answer = pattern(500_000)
    await writeAll(b, there, answer)
    b.end()
    await here.waitFor('end')
    await there.waitFor('finished')
    t.ok(here.all.equals(answer))
    t.equal(here.has('lost') || there.has('lost'), false)
  })

  rule('after both directions have ended no event follows, also after release', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    a.end()
    b.end()
    await Promise.all([here.waitFor('end'), here.waitFor('finished'), there.waitFor('end'), there.waitFor('finished')])
    await turns(10)
    a.release()
    b.release()
    a.release()
    await turns(10)
    t.same([...here.events].sort(), ['end', 'finished'])
    t.same([...there.events].sort(), ['end', 'finished'])
  })

  rule('a reset is a break for the peer, and causes no event on this side', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    b.write(Buffer.from('hello'))
    await here.waitFor('data')
    const before = [...here.events]
    b.write(Buffer.from('more'))
    a.reset()
    a.reset()
    a.release()
    await there.until(() => there.has('lost') || (!breaks && there.has('end')))
    if (breaks) t.equal(there.has('end'), false)
    if (there.loss !== undefined) t.ok(there.loss instanceof Error)
    await turns(10)
    t.same(here.events, before)
    t.ok(there.count('lost') <= 1)
  })

  for (const when of ['while bytes wait to leave', 'right behind end', 'once the end has left', 'before anything was attached']) {
    rule(`a reset ${when} does not look like an end to the peer`, async (t, [a, b]) => {
      const there = recording(b)
      if (when === 'before anything was attached') a.reset()
      else {
        const here = recording(a)
        if (when === 'while bytes wait to leave') {
          b.pause()
          fill(a)
          a.reset()
          b.resume()
        } else {
          a.end()
          if (when === 'once the end has left') await here.waitFor('finished')
          a.reset()
        }
        await turns(10)
        t.same(
          here.events.filter((what) => what !== 'finished'),
          [],
        )
      }
      // An end that was on its way may be reported first. A later write shows the break.
      await there.until(() => there.has('lost') || there.has('end'))
      if (when === 'while bytes wait to leave' && breaks) t.equal(there.has('end'), false)
      if (!there.has('lost')) {
        for (let n = 0; n < 50 && !there.has('lost'); n++) {
          if (n === 0 || there.count('sent') > 0) b.write(Buffer.from('still there?'))
          await turns(2)
        }
        await there.waitFor('lost')
      }
      t.equal(there.count('lost'), 1)
    })
  }

  rule('a loss from before the first listener is reported once, after the bytes, and not within resume', async (t, [a, b]) => {
    const here = recording(a)
    fill(a)
    await turns(3)
    a.reset()
    await turns(10)
    const recorder = new Recorder()
    b.attach(recorder)
    await turns(2)
    t.same(recorder.events, [])
    b.resume()
    b.resume()
    t.same(recorder.events, [])
    await recorder.until(() => recorder.has('lost') || (!breaks && recorder.has('end')))
    await turns(5)
    t.equal(recorder.events.filter((what) => what !== 'data').length, 1)
    t.same(
      here.events.filter((what) => what !== 'sent'),
      [],
    )
  })

  rule('a write to a released side is one loss', async (t, [a, b]) => {
    const [here] = [recording(a), recording(b)]
    b.release()
    for (let n = 0; n < 100 && !here.has('lost'); n++) {
      a.write(Buffer.alloc(1000))
      await turns(2)
    }
    await here.waitFor('lost')
    await turns(5)
    t.equal(here.count('lost'), 1)
    t.equal(here.events.at(-1), 'lost')
  })

  rule('a reset within `data` takes effect at once', async (t, [a, b]) => {
    const [here, there] = [recording(a), recording(b)]
    there.onData = () => b.reset()
    await Promise.all([writeAll(a, here, pattern(1_000_000)), here.until(() => here.has('lost') || here.has('end'))])
    await turns(5)
    t.equal(there.chunks.length, 1)
    t.same(there.events, ['data'])
  })
}
