// An HTTP/1.1 server, for a start of one's own. The protocol is in http/: what a request is, how bodies and responses are framed, and
// what is refused. This file has the pages.
//
//   node http.js                                                curl http://localhost:8888/
//   KEY=key.pem CERT=cert.pem node http.js                      curl --cacert cert.pem https://localhost:8888/
//
//   curl -T photo.jpg http://localhost:8888/echo -o copy.jpg    bytes in both directions at once; at most LARGEST of them
//   curl http://localhost:8888/count                            a number a second

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen, shutdownOn } from 'linnet'
import { HttpError } from './http/error.js'
import type { Request } from './http/request.js'
import type { Response } from './http/response.js'
import { type HttpHandler, serve } from './http/server.js'

const { PORT = 8888, KEY, CERT, LARGEST = 1_048_576 } = process.env

const BYTES = { 'content-type': 'application/octet-stream' }

const pages: Readonly<Record<string, Readonly<Record<string, HttpHandler>>>> = {
  '/': { GET: hello, POST: hello, PUT: hello },
  // The body of the request is the body of the response: a piece is read when the client has taken the piece before.
  '/echo': {
    POST: ({ body }) => ({ headers: BYTES, body, trailers: () => ({ 'x-trailers': [...body.trailers.keys()].join() }) }),
    PUT: ({ body }) => ({ headers: BYTES, body }),
  },
  '/count': {
    GET: ({ connection }) => ({ headers: { 'content-type': 'text/plain' }, body: numbers(connection.drainSignal) }),
  },
}

async function hello({ connection, body }: Request): Promise<Response> {
  const { length } = await body.bytes()
  return text(`hello ${connection.remote.address}${length === 0 ? '' : `, you sent ${length} bytes`}\n`)
}

/** A number a second, until the server drains. */
async function* numbers(signal: AbortSignal): AsyncGenerator<string> {
  for (let number = 1; !signal.aborted; number++) {
    yield `${number}\n`
    await sleep(1000, undefined, { signal }).catch(() => {})
  }
}

function text(body: string): Response {
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

function handle(request: Request): Response | PromiseLike<Response> {
  // `OPTIONS *` asks for the server as a whole.
  if (request.path === '*') return { status: 204 }
  const page = Object.hasOwn(pages, request.path) ? pages[request.path] : undefined
  if (page === undefined) throw new HttpError(404, 'there is no such page')
  // The server sends a response to HEAD without its body.
  const handler = page[request.method === 'HEAD' ? 'GET' : request.method]
  if (handler !== undefined) return handler(request)
  const allow = [...Object.keys(page).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)), 'OPTIONS'].join(', ')
  if (request.method === 'OPTIONS') return { status: 204, headers: { allow } }
  throw new HttpError(405, `the methods of this page are ${allow}`, { allow })
}

const server = await listen({
  port: Number(PORT),
  tls: KEY === undefined || CERT === undefined ? false : { key: await readFile(KEY), cert: await readFile(CERT) },
})
shutdownOn(server, { grace: 30_000 }) // Ctrl-C: requests that have arrived are answered, with `Connection: close`
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
console.log(`http: ask it with  curl http${KEY === undefined ? '' : 's'}://localhost:${server.port}/`)

await serve(server, handle, { maxBody: Number(LARGEST) })
