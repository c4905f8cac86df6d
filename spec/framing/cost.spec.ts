// What a frame costs: one that is buffered whole no promise beyond the one that `read` returns, and no timer; one in many pieces no
// more than its bytes.

import { createHook } from 'node:async_hooks'
import t from 'tap'
import * as z from 'zod'
import {
  type Codec,
  contentLength,
  delimited,
  framed,
  json,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from '../../lib/framing/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { within } from '../support/wait.js'
import { lengthOf } from './support.js'

/** The promises that `work` makes. */
function promises(work: () => void): number {
  let made = 0
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') made++
    },
  }).enable()
  work()
  hook.disable()
  return made
}

const frames = {
  lines: [lines(), '12\n'],
  delimited: [delimited('\0'), '12\0'],
  lengthPrefixed: [lengthPrefixed({ bytes: 2 }), '\0\x0212'],
  varintPrefixed: [varintPrefixed(), '\x0212'],
  netstring: [netstring(), '2:12,'],
  contentLength: [contentLength(), 'Content-Length: 2\r\n\r\n12'],
  json: [json(lines()), '12\n'],
  'json with a schema': [json(lines(), z.number()), '12\n'],
  'a codec of a program with tryRead': [
    { ...lines(), tryRead: (reader: { tryReadLine(): string | undefined }) => reader.tryReadLine() },
    '12\n',
  ],
} as const

for (const [name, [codec, frame]] of Object.entries(frames)) {
  t.test(`${name}: a buffered frame costs one promise, and no timer`, async (t) => {
    const { connection, push, clock } = wired({ readTimeout: 1000, idleTimeout: 1000 })
    const messages = framed(connection, codec as ReturnType<typeof json>)
    const iterator = messages[Symbol.asyncIterator]()
    push(frame.repeat(7))
    // The first frame shows whether a schema is synchronous.
    await messages.read()
    t.equal(
      promises(() => {
        void messages.read()
      }),
      1,
    )
    t.equal(
      promises(() => {
        void iterator.next()
      }),
      1,
    )
    t.equal(
      promises(() => {
        void messages.read({ timeout: 50, idle: false })
      }),
      1,
      'with options too',
    )
    t.equal(clock.made, 0)
    t.equal(connection.buffered, frame.length * 3)
    t.equal(connection.waiting, undefined)
  })
}

t.test('a frame in many pieces costs linear time', async (t) => {
  const size = 300_000
  const frames = {
    lengthPrefixed: [lengthPrefixed({ bytes: 4 }), lengthOf(size, 4, 'big'), ''],
    netstring: [netstring(), `${size}:`, ','],
    delimited: [delimited('ab'), '', 'ab'],
    lines: [lines(), '', '\n'],
    contentLength: [contentLength(), `X: ${'x'.repeat(8000)}\r\nContent-Length: ${size}\r\n\r\n`, ''],
  } as const
  for (const [name, [codec, head, tail]] of Object.entries(frames)) {
    const { connection, push } = wired()
    const reading = framed(connection, codec as Codec<unknown>).read()
    for (const byte of head) push(byte)
    const piece = 'x'.repeat(10)
    for (let n = 0; n < size / 10; n++) push(piece)
    for (const byte of tail) push(byte)
    t.equal(((await within(reading)) as string).length, size, name)
    t.equal(unread(connection), '')
  }
})
