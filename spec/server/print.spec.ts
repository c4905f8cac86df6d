// `print` prints the error of a handler. It never throws, and stderr has a listener only while it prints.

import { Writable } from 'node:stream'
import { format } from 'node:util'
import t, { type Test } from 'tap'
import { unixAddress } from '../../lib/address.js'
import { print } from '../../lib/server/print.js'
import { pair } from '../../lib/testing/index.js'
import { turns, until } from '../support/wait.js'

/** A stderr with this `write`, until the end of the test. */
function stderr(t: Test, write: Writable['_write'], highWaterMark = 16): Writable {
  const stream = new Writable({ write, highWaterMark })
  replace(t, () => stream)
  return stream
}

/** Replaces `process.stderr` by what `get` returns, until the end of the test. */
function replace(t: Test, get: () => unknown): void {
  const own = Object.getOwnPropertyDescriptor(process, 'stderr') as PropertyDescriptor
  // A getter on Node, a value on Bun.
  Object.defineProperty(process, 'stderr', { configurable: true, enumerable: own.enumerable ?? true, get })
  t.teardown(() => Object.defineProperty(process, 'stderr', own))
}

t.test('a stderr that fails has one listener while it prints, and none afterwards', async (t) => {
  const [connection] = pair()
  t.capture(console, 'error', (text: string) => void process.stderr.write(text))
  const stream = stderr(t, (_chunk, _encoding, done) => setImmediate(done, new Error('EPIPE')))
  for (let n = 0; n < 20; n++) print(new Error('a bug'), connection)
  t.equal(stream.listenerCount('error'), 1)
  await until(() => stream.listenerCount('error') === 0)
  t.equal(stream.errored?.message, 'EPIPE')
  print(new Error('a bug'), connection)
  await turns()
  t.equal(stream.listenerCount('error'), 0)
})

t.test('print does not throw, whatever console.error and stderr do', async (t) => {
  const [connection] = pair()
  const said: unknown[] = []
  t.capture(console, 'error', (...args: unknown[]) => {
    said.push(args.length)
    throw new Error('in the console')
  })
  t.doesNotThrow(() => print(new Error('a bug'), connection))
  t.same(said, [2, 1], 'once with the error and once without')
  for (const get of [() => undefined, () => ({}), () => process.exitCode as never]) {
    replace(t, get)
    t.doesNotThrow(() => print(new Error('a bug'), connection))
  }
})

t.test('a write to stderr that throws leaves no listener on it, and the next error is printed with one', async (t) => {
  const [connection] = pair()
  let full = true
  t.capture(console, 'error', () => {
    if (full) throw new Error('ENOSPC')
  })
  for (const bad of [{}, undefined]) {
    const own = Object.getOwnPropertyDescriptor(process, 'stderr') as PropertyDescriptor
    Object.defineProperty(process, 'stderr', { configurable: true, get: () => bad })
    print(new Error('a bug'), connection)
    Object.defineProperty(process, 'stderr', own)
  }
  const stream = stderr(t, (_chunk, _encoding, done) => setImmediate(done))
  print(new Error('a bug'), connection)
  print(new Error('a bug'), connection)
  t.equal(stream.listenerCount('error'), 1)
  await until(() => stream.listenerCount('error') === 0)
  full = false
  print(new Error('a bug'), connection)
  t.equal(stream.listenerCount('error'), 1)
  await until(() => stream.listenerCount('error') === 0)
})

t.test('a stderr that is not read is filled up to a limit, and the number of omitted errors is printed once it is read', async (t) => {
  const [connection] = pair()
  const lines: string[] = []
  t.capture(console, 'error', (text: string) => {
    lines.push(text)
    process.stderr.write('x'.repeat(100_000))
  })
  let read: (() => void) | undefined
  const stream = stderr(t, (_chunk, _encoding, done) => {
    if (read === undefined) read = done
    else done()
  })
  for (let n = 0; n < 100; n++) print(new Error('a bug'), connection)
  t.ok(stream.writableLength < 2_000_000, `${stream.writableLength} bytes`)
  const printed = lines.length
  read?.()
  await until(() => stream.writableLength === 0)
  print(new Error('a bug'), connection)
  t.match(lines.at(-1), new RegExp(`${100 - printed} before it were not printed`))
  print(new Error('a bug'), connection)
  t.notMatch(lines.at(-1), /before it/)
  await until(() => stream.listenerCount('error') === 0)
})

t.test('the connection whose handler failed is printed before the error, on a line of its own', async (t) => {
  const [connection] = pair()
  const printed: string[] = []
  t.capture(console, 'error', (...args: unknown[]) => void printed.push(format(...args)))
  const whose = (remote: string): string =>
    `linnet: the handler of connection ${connection.id}${remote} failed (listen to 'handlerError' to handle this yourself):\n`
  print(new Error('a bug'), connection)
  t.ok(printed[0]?.startsWith(`${whose('')}Error: a bug\n    at `), `${printed[0]}`)
  print('a text', connection)
  t.equal(printed[1], `${whose('')}'a text'`)
  print('a text', Object.create(connection, { id: { value: connection.id }, remote: { value: unixAddress('/run/100%s%O.sock') } }))
  t.equal(printed[2], `${whose(' (/run/100%s%O.sock)')}'a text'`, 'a path is not used as a format')
})
