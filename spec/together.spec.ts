// Several tasks as one: they begin together, end together, and none outlives the call.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { type Connection, ConnectionClosedError, EndOfStreamError, type Task, together } from '../lib/index.js'
import { everywhere, memory } from './support/fixture.js'
import { hostile, rejectsWith } from './support/hostile.js'
import { isPending, rejection, turn, turns, within } from './support/wait.js'

const stopped = (signal: AbortSignal): Promise<unknown> => once(signal, 'abort')

t.test('all tasks are started within the call, in order, with the same signal', async (t) => {
  const begun: number[] = []
  const signals = new Set<AbortSignal>()
  const tasks = [0, 1, 2].map(
    (n): Task =>
      async (signal) => {
        begun.push(n)
        signals.add(signal)
        t.equal(signal.aborted, false)
        await turn()
      },
  )
  const running = together(tasks)
  t.same(begun, [0, 1, 2], 'before the call returns')
  t.equal(signals.size, 1)
  await running
})

t.test('together settles as the first task did, once the last has settled', async (t) => {
  for (const first of [(): unknown => 'value', async () => 'value', (): Promise<string> => turn().then(() => 'value')]) {
    let finish = (): void => {}
    const last = new Promise<void>((resolve) => (finish = resolve))
    let told = false
    const running = together<unknown>([
      async (signal) => {
        await stopped(signal)
        told = true
        await last
        return 'late'
      },
      first,
    ])
    t.equal(await isPending(running), true, 'a task is still running')
    t.equal(told, true, 'although its signal has aborted')
    finish()
    t.equal(await running, 'value')
  }
})

t.test('together rejects with the error of the first task, also if it is thrown within the call', async (t) => {
  for (const wrong of [new Error('wrong'), undefined, 'text']) {
    for (const fail of [
      () => {
        throw wrong
      },
      () => Promise.reject(wrong),
      () => turn().then(() => Promise.reject(wrong)),
    ]) {
      let ended = false
      const error = await rejection(
        together([
          fail,
          async (signal) => {
            if (!signal.aborted) await stopped(signal)
            await turns()
            ended = true
          },
        ]),
      )
      t.equal(error, wrong)
      t.equal(ended, true)
    }
  }
})

t.test('rejections of the other tasks that the abort caused are dropped', async (t) => {
  const ways: Record<string, Task> = {
    'the reason': (signal) => stopped(signal).then(() => signal.throwIfAborted()),
    'an AbortError of Node, with the reason as its cause': (signal) => sleep(1e6, undefined, { signal }),
    'an AbortError without a cause': (signal) =>
      stopped(signal).then(() => Promise.reject(Object.assign(new Error('stop'), { name: 'AbortError' }))),
    'an AbortError of another realm': (signal) =>
      stopped(signal).then(() => Promise.reject(runInNewContext("Object.assign(new Error('stop'), { name: 'AbortError' })"))),
    'an AbortError that is no Error at all': (signal) =>
      stopped(signal).then(() => Promise.reject({ name: 'AbortError', cause: signal.reason })),
    'an AbortError caused by one that the reason caused': (signal) =>
      stopped(signal).then(() => Promise.reject({ name: 'AbortError', cause: { name: 'AbortError', cause: signal.reason } })),
    'several such errors together': (signal) =>
      stopped(signal).then(() => Promise.reject(new AggregateError([signal.reason, new DOMException('stop', 'AbortError')]))),
    'a read that it cancelled': (signal) => memory(t).a.readLine({ signal }),
  }
  for (const [name, way] of Object.entries(ways)) {
    t.equal(await within(together<unknown>([() => turn().then(() => 'done'), way])), 'done', name)
    const wrong = new Error('wrong')
    t.equal(await rejection(together([way, () => turn().then(() => Promise.reject(wrong))])), wrong, name)
  }
})

t.test('any value that the first or the last task throws is reported unchanged', async (t) => {
  for (const [name, make] of Object.entries(hostile)) {
    const value = make()
    t.ok(await rejectsWith(together([() => Promise.reject(value), (signal) => stopped(signal)]), value), name)
    // An AbortError without a readable cause counts as caused by the abort of together.
    if (name === 'an error with a hostile cause') continue
    const late = together<unknown>([() => 'done', (signal) => stopped(signal).then(() => Promise.reject(value))])
    const several = (await rejection(late)) as AggregateError
    t.ok(several instanceof AggregateError && Object.is(several.errors[0], value), name)
  }
})

t.test('any reason of the outer signal is the rejection, unchanged', async (t) => {
  for (const [name, make] of Object.entries(hostile)) {
    const controller = new AbortController()
    const { signal } = controller
    const running = together([(own) => stopped(own).then(() => own.throwIfAborted())], { signal })
    controller.abort(make())
    t.ok(await rejectsWith(running, signal.reason), name)
    t.ok(await rejectsWith(together([() => 'none is started'], { signal }), signal.reason), name)
  }
})

t.test('failures that the abort did not cause are all in an AggregateError', async (t) => {
  const [one, two, three] = [new Error('one'), new Error('two'), new Error('three')]
  const late =
    (error: unknown): Task =>
    (signal) =>
      stopped(signal).then(() => Promise.reject(error))
  const both = (await rejection(together([late(two), () => Promise.reject(one), late(three)]))) as AggregateError
  t.ok(both instanceof AggregateError)
  t.same(both.errors, [one, two, three])
  t.match(both.message, /2 more/)
  const after = (await rejection(together([() => 'resolved', late(two)]))) as AggregateError
  t.ok(after instanceof AggregateError)
  t.same(after.errors, [two], 'also after a first one that resolved')
  const foreign = Object.assign(new Error('of another signal', { cause: one }), { name: 'AbortError' })
  t.same(
    ((await rejection(together([() => Promise.reject(one), late(foreign)]))) as AggregateError).errors,
    [one, foreign],
    'an AbortError of another cause is its own',
  )
})

t.test('of two tasks that settle in one turn both errors are reported, or the first value', async (t) => {
  const [one, two] = [new Error('one'), new Error('two')]
  t.same(((await rejection(together([() => Promise.reject(one), () => Promise.reject(two)]))) as AggregateError).errors, [one, two])
  t.equal(await together([() => Promise.resolve(1), () => Promise.resolve(2)]), 1)
})

// --- the outer signal ------------------------------------------------------------------------------------------------

t.test('an abort of the outer signal aborts all tasks, and together rejects with its reason', async (t) => {
  const controller = new AbortController()
  const reason = new Error('reason')
  const seen: unknown[] = []
  const running = rejection(
    together(
      [
        async (signal) => {
          await stopped(signal)
          seen.push(signal.reason)
        },
        (signal) => stopped(signal).then(() => signal.throwIfAborted()),
        (signal) => sleep(1e6, undefined, { signal }),
      ],
      { signal: controller.signal },
    ),
  )
  await turns()
  controller.abort(reason)
  t.equal(await within(running), reason)
  t.same(seen, [reason])
})

t.test('an abort of the outer signal after a task has settled changes nothing', async (t) => {
  const controller = new AbortController()
  const running = together(
    [
      () => 'first',
      async (signal) => {
        if (!signal.aborted) await stopped(signal)
        controller.abort(new Error('late'))
        await turns()
      },
    ],
    { signal: controller.signal },
  )
  t.equal(await running, 'first')
})

t.test('a failure of a task after an abort of the outer signal is reported with the reason', async (t) => {
  const controller = new AbortController()
  const [reason, wrong] = [new Error('reason'), new Error('wrong')]
  const running = rejection(together([(signal) => stopped(signal).then(() => Promise.reject(wrong))], { signal: controller.signal }))
  await turns()
  controller.abort(reason)
  t.same(((await running) as AggregateError).errors, [reason, wrong])
})

t.test('with an aborted signal together rejects with the reason and starts no task', async (t) => {
  const reason = new Error('reason')
  let started = false
  const options = { signal: AbortSignal.abort(reason) }
  t.equal(await rejection(together([() => (started = true)], options)), reason)
  t.equal(await rejection(together([], options)), reason)
  t.equal(started, false)
})

t.test('no listener stays on the outer signal', async (t) => {
  const { signal } = new AbortController()
  let listeners = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--
    removeEventListener.apply(signal, args)
  }
  await together([() => 1], { signal })
  await rejection(together([() => Promise.reject(new Error('wrong'))], { signal }))
  t.equal(listeners, 0)
})

// --- arguments, and an example ---------------------------------------------------------------------------------------

t.test('an empty list resolves, and anything but a list of functions rejects with a TypeError', async (t) => {
  t.equal(await together([]), undefined)
  let started = false
  const task = (): void => {
    started = true
  }
  // biome-ignore lint/suspicious/noSparseArray: a hole is no function
  for (const wrong of [undefined, null, {}, 'text', task, new Set([task]), [task, 'no function'], [task, undefined], [task, , task]]) {
    t.ok((await rejection(together(wrong as never))) instanceof TypeError)
  }
  for (const wrong of [7, null, 'text', { signal: {} }, { signal: null }])
    t.ok((await rejection(together([task], wrong as never))) instanceof TypeError)
  t.equal(started, false)
  await together([task], {})
  await together([task], { signal: undefined })
})

t.test('a later change of the list has no effect', async (t) => {
  const tasks: Task[] = [() => tasks.push(() => t.fail('it was added after the call'))]
  await together(tasks)
})

everywhere(t, 'a reader and a writer on one connection end together, whichever ends first', async (t, connect) => {
  const talk = (connection: Connection): Promise<string | undefined> =>
    together<string | undefined>([
      async (signal) => {
        for await (const line of connection.lines({ signal })) if (line === 'stop') return 'stopped'
        return 'ended'
      },
      async (signal) => {
        for (let n = 0; ; n++) {
          await sleep(1, undefined, { signal })
          await connection.write(`${n}\n`)
        }
      },
    ])
  const { a, b } = await connect()
  const talking = talk(b)
  t.equal(await a.readLine(), '0')
  t.equal(await a.readLine(), '1')
  await a.write('go on\nstop\n')
  t.equal(await within(talking), 'stopped')
  const again = talk(b)
  await a.end()
  t.equal(await within(again), 'ended')
  const { a: c, b: d } = await connect()
  const broken = rejection(talk(d))
  await c.readLine()
  d.abort('why')
  const error = await within(broken)
  for (const each of error instanceof AggregateError ? error.errors : [error]) t.ok(each instanceof ConnectionClosedError)
  const { a: e, b: f } = await connect()
  await e.end()
  t.ok(
    (await rejection(together([(signal) => f.readLine({ signal }), (signal) => sleep(1e6, undefined, { signal })]))) instanceof
      EndOfStreamError,
  )
})
