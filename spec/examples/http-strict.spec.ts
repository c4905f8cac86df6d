// examples/http/ against Node's own parser in its strict mode, with requests that are damaged in one place: what Node refuses, the server
// refuses too. (It refuses more: a method that it does not know, a second Host line.)

import { createServer } from 'node:http'
import t from 'tap'
import { pair } from '../../lib/testing/index.js'
import { turns } from '../support/wait.js'
import { ask, mirror, request, statusesOf } from './http.js'

const HOST = 'Host: a.test:80'

const WHOLE = [
  request('GET /a?b=c HTTP/1.1', [HOST, 'Accept: text/plain, */*', 'X-A: b c']),
  request('POST /a HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'),
  request('POST /a HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], '5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n'),
]

// Not among them: bytes that make another valid request, which Node may know and the server not.
const DAMAGE = ['\0', '\t', ' ', '\r', '\n', '\r\n', ':', ',', ';', '"', '\x01', '\x7f', '\x80', '0', '+', '-']

/** Each request, with a byte removed, replaced, or put in at one place. */
function* damaged(): Generator<string> {
  for (const whole of WHOLE) {
    for (let at = 0; at < whole.length; at++) {
      yield whole.slice(0, at) + whole.slice(at + 1)
      // In turns, so that every kind of damage meets every kind of place, and the spec takes seconds.
      for (const [index, byte] of DAMAGE.entries()) {
        if ((at + index) % 3 === 0) yield whole.slice(0, at) + byte + whole.slice(at)
        if ((at + index) % 3 === 1) yield whole.slice(0, at) + byte + whole.slice(at + 1)
      }
    }
  }
}

/** Whether Node refuses the bytes of a connection, which then ends. */
const node = createServer({ insecureHTTPParser: false, requireHostHeader: true })
const refused = new WeakSet<object>()
node.on('clientError', (_, socket) => {
  refused.add(socket)
  socket.destroy()
})
node.on('request', (request, response) => {
  request.resume().on('end', () => response.end())
})

async function nodeRefuses(bytes: string): Promise<boolean> {
  const [client, server] = pair()
  const duplex = server.toDuplex()
  duplex.on('error', () => {})
  node.emit('connection', duplex)
  const answer = client.readToEnd('latin1').catch(() => '')
  await client.write(Buffer.from(bytes, 'latin1')).catch(() => {})
  await client.end().catch(() => {})
  const statuses = statusesOf(await answer)
  client.abort()
  await turns(2)
  // A request without a Host line has no error, but an answer by Node itself.
  return refused.has(duplex) || statuses.some((status) => status >= 400)
}

t.test('a whole request is accepted by both', async (t) => {
  for (const whole of WHOLE) {
    t.equal(await nodeRefuses(whole), false)
    t.strictSame(statusesOf(await ask(t, whole)), [200])
  }
})

t.test('what the strict parser of Node refuses, the server refuses', async (t) => {
  let both = 0
  const looser: string[] = []
  const all = [...damaged()]
  for (let at = 0; at < all.length; at += 100) {
    await Promise.all(
      all.slice(at, at + 100).map(async (bytes) => {
        if (!(await nodeRefuses(bytes))) return
        const statuses = statusesOf(await ask(t, bytes, mirror))
        if (statuses.some((status) => status >= 400)) both++
        else looser.push(bytes)
      }),
    )
  }
  t.strictSame(looser, [])
  t.ok(both > all.length / 3, `${both} of ${all.length} are refused by both`)
})
