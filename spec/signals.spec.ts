import { getEventListeners } from 'node:events'
import t from 'tap'
import { pipe, together } from '../lib/index.js'
import { addAbortListener, removeAbortListener } from '../lib/signals.js'
import { memoryServer, pair } from '../lib/testing/index.js'
import { rejection } from './support/wait.js'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

t.test('many waiters under one signal share one listener, which is removed with the last of them', async (t) => {
  const warnings: Error[] = []
  const warned = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  const controller = new AbortController()
  const { signal } = controller
  const pairs = Array.from({ length: 20 }, () => pair())
  const reads = pairs.map(([a]) => a.readLine({ signal }))
  t.equal(listeners(signal), 1)
  for (const [, b] of pairs) void b.write('line\n')
  t.strictSame(await Promise.all(reads), Array(20).fill('line'))
  t.equal(listeners(signal), 0)

  const messages = pairs.map(([a]) => rejection(a.readMessage((reader) => reader.readLine(), { signal })))
  const { server } = memoryServer()
  const accepts = pairs.map(() => rejection(server.accept({ signal })))
  const pipes = pairs.map(([, b]) => rejection(pipe(b, pair()[0], { signal })))
  const tasks = pairs.map(() =>
    rejection(together([(own) => new Promise((_, reject) => own.addEventListener('abort', () => reject(own.reason)))], { signal })),
  )
  await new Promise(setImmediate)
  t.equal(listeners(signal), 1)
  controller.abort('enough')
  for (const waits of [messages, accepts, pipes, tasks]) t.strictSame(await Promise.all(waits), Array(20).fill('enough'))
  t.equal(listeners(signal), 0)
  t.strictSame(warnings, [])
  for (const [a, b] of pairs) for (const side of [a, b]) side.abort()
  await server.close({ grace: 0 })
})

t.test('a waiter that leaves during the abort is not called, and one that waits twice is called once', async (t) => {
  const controller = new AbortController()
  const told: string[] = []
  const second = { fail: () => void told.push('second') }
  const first = {
    fail(reason: unknown) {
      told.push(`first: ${reason}`)
      removeAbortListener(controller.signal, second)
    },
  }
  addAbortListener(controller.signal, first)
  addAbortListener(controller.signal, first)
  addAbortListener(controller.signal, second)
  controller.abort('now')
  t.strictSame(told, ['first: now'])
  t.equal(listeners(controller.signal), 0)
  t.doesNotThrow(() => removeAbortListener(controller.signal, first), 'leaving without waiting has no effect')
  t.doesNotThrow(() => removeAbortListener(undefined, first))
  t.doesNotThrow(() => addAbortListener(undefined, first))
})
