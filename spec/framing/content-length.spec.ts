// `contentLength`: the header, and its limit.

import t from 'tap'
import { contentLength, framed } from '../../lib/framing/index.js'
import type { FrameError, LimitExceededError } from '../../lib/index.js'
import { wired } from '../connection/reading/support.js'
import { rejection } from '../support/wait.js'
import { outcomeOf, readOne, settled, textOf, wireOf } from './support.js'

t.test('one length in any case, other headers are dropped', async (t) => {
  const codec = contentLength()
  t.equal(wireOf(codec.encode('grüß')), 'Content-Length: 6\r\n\r\ngr\xc3\xbc\xc3\x9f')
  const headers = [
    'Content-Length: 2',
    'content-length:2',
    'CONTENT-LENGTH: \t 02 \t ',
    'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2',
    "Content-Length: 2\r\nX-Empty:\r\nx!#$%&'*+.^_`|~-9: \xff: ;",
    `Content-Length: ${'0'.repeat(1000)}2`,
  ]
  for (const header of headers) t.equal(textOf(await readOne(codec, `${header}\r\n\r\nab`)), 'ab', header)
  t.match(await rejection(readOne(codec, `Content-Length: ${'9'.repeat(400)}\r\n\r\n`)), {
    code: 'ERR_LINNET_LIMIT',
    size: Number.POSITIVE_INFINITY,
  })
  const error = (await rejection(readOne(codec, 'Content-Length: 2\r\nbad\r\n'))) as FrameError
  t.equal(String(error.frame), 'Content-Length: 2\r\nbad\r\n', 'up to what is broken')
})

t.test('header lines of 8 KiB in all are read, of a byte more not, at every cut', async (t) => {
  const length = 'Content-Length: 2\r\n'
  const filled = (size: number): string => `${length}X: ${'x'.repeat(size - length.length - 7)}\r\n\r\n`
  for (const [size, fits] of [
    [8191, true],
    [8192, true],
    [8193, false],
    [20_000, false],
  ] as const) {
    // biome-ignore format: a table
    const wire = `${filled(size)}ab`
    for (const at of [0, 1, 8185, 8187, 8188, 8189, 8190, 8191, 8192, 8193]) {
      const { messages, error } = await outcomeOf(contentLength(), [wire.slice(0, at), wire.slice(at)])
      t.strictSame(messages, fits ? ['ab'] : [], `${size}, cut at ${at}`)
      if (!fits) t.match(error, /^LimitExceededError 8192 /)
    }
  }
  const refusal = (await rejection(readOne(contentLength(), 'x'.repeat(8190)))) as LimitExceededError
  t.match(refusal, { limit: 8192, size: 8193, message: /at most 8192 bytes in all/ })
  const { connection, push } = wired()
  const reading = framed(connection, contentLength()).read()
  push(`${filled(8192).slice(0, -2)}\r`)
  await settled()
  push('\nab')
  t.equal(textOf(await reading), 'ab', 'a carriage return may begin the blank line')
})

t.test('a line that leaves no room for the blank line exceeds the limit, whatever follows, and before it is checked', async (t) => {
  const ends = (end: number, last: string): string => `X: ${'x'.repeat(end - 3 - last.length)}${last}`
  for (const wire of [`${ends(8191, '\r\n')}Y: z\r\n\r\n`, `${ends(8191, '\n')}\r\n`]) {
    const error = await rejection(readOne(contentLength(), wire))
    t.match(error, { code: 'ERR_LINNET_LIMIT', limit: 8192, size: 8193 })
  }
  t.match(await rejection(readOne(contentLength(), `${ends(8190, '\n')}\r\n`)), { code: 'ERR_LINNET_FRAME' })
  const { connection, push } = wired()
  push('\r\n')
  t.match(await rejection(framed(connection, contentLength()).read({ maxBytes: 1 })), { code: 'ERR_LINNET_LIMIT', limit: 1, size: 2 })
})

t.test('maxBytes of a read bounds the header too', async (t) => {
  const { connection, push } = wired()
  push('Content-Length: 2\r\n\r\nab')
  const messages = framed(connection, contentLength())
  for (const maxBytes of [1, 5, 18, 19, 20, 21])
    t.match(await rejection(messages.read({ maxBytes })), { code: 'ERR_LINNET_LIMIT', limit: maxBytes })
  t.equal(textOf(await messages.read({ maxBytes: 23 })), 'ab')
})
