// Conversations with the server of examples/http/, in memory: what a client sends byte by byte, and what it gets.

import type { Test } from 'tap'
import type { HttpHandler } from '../../examples/http/server.js'
import type { Settings } from '../../examples/http/settings.js'
import type { Connection, Handler, Server } from '../../lib/index.js'
import { type PairOptions, pair } from '../../lib/testing/index.js'
import { turns, within } from '../support/wait.js'
import { importExample } from './in-process.js'

export const { serve } = await importExample<typeof import('../../examples/http/server.js')>('http/server')
export const { HttpError } = await importExample<typeof import('../../examples/http/error.js')>('http/error')
export const { defaultSettings } = await importExample<typeof import('../../examples/http/settings.js')>('http/settings')

/** Answers with what it was asked. */
export const mirror: HttpHandler = async ({ method, path, query, authority, body }) => {
  const text = await body.text()
  const trailers = [...body.trailers].map(([name, value]) => ` ${name}=${value}`).join('')
  return { body: `${method} ${authority} ${path} ${query} [${text}]${trailers}` }
}

export interface Conversation {
  readonly client: Connection
  readonly server: Connection
  /** Rejects with the `handlerError`. */
  readonly done: Promise<unknown>
}

/** A client that is connected to the server. */
export function converse(t: Test, handler: HttpHandler, settings: Partial<Settings> = {}, options: PairOptions = {}): Conversation {
  const [client, server] = pair(options)
  // In place of a server: one connection that is served.
  const one = { serve: (handler: Handler) => server.run(handler) } as unknown as Server
  const done = serve(one, handler, settings)
  done.catch(() => {})
  t.teardown(() => client.abort())
  return { client, server, done }
}

/** Sends all of it, each piece in a turn of its own, and ends; resolves with all that comes back, without the Date lines. */
export async function ask(
  t: Test,
  sent: string | readonly (string | Uint8Array)[],
  handler: HttpHandler = mirror,
  settings?: Partial<Settings>,
  options?: PairOptions,
): Promise<string> {
  const { client, done } = converse(t, handler, settings, options)
  // The server may have closed before all is sent.
  const sending = (async () => {
    for (const piece of typeof sent === 'string' ? [sent] : sent) {
      await client.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
      if (typeof sent !== 'string') await turns(1)
    }
    await client.end()
  })().catch(() => {})
  const got = await within(client.readToEnd('latin1'), `the answer to ${JSON.stringify(sent).slice(0, 100)}`)
  await sending
  await client.close()
  await within(done, 'the end of the conversation')
  return undated(got)
}

export function undated(text: string): string {
  return text.replaceAll(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/gm, '')
}

/** The status of each response. */
export function statusesOf(text: string): number[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))
}

/** A request with these header lines, and a body. */
export function request(line: string, headers: readonly string[] = ['Host: a'], body = ''): string {
  return `${[line, ...headers].join('\r\n')}\r\n\r\n${body}`
}

/** The response of `mirror`, or another of text. */
export function response(body: string, ...headers: readonly string[]): string {
  return `${['HTTP/1.1 200 OK', `Content-Length: ${Buffer.byteLength(body)}`, ...headers].join('\r\n')}\r\n\r\n${body}`
}
