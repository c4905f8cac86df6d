// HTTP/1.1 over the connections of linnet (RFC 9112): requests are read and answered one after the other, and pipelined ones are
// answered in their order. A handler is an async function from a request to a response.

import { type Connection, EndOfStreamError, LimitExceededError, type Server, TimeoutError } from 'linnet'
import { HttpError } from './error.js'
import { type Request, readRequest } from './request.js'
import { closePieces, type EncodedResponse, encodeResponse, type Response, sendResponse } from './response.js'
import { defaultSettings, type Settings } from './settings.js'

export type HttpHandler = (request: Request) => Response | PromiseLike<Response>

/**
 * Serves HTTP on a server that listens. Resolves when the server has closed. An error of the handler is answered with 500, and is a
 * `handlerError` of the server.
 */
export function serve(server: Server, handler: HttpHandler, settings?: Partial<Settings>): Promise<void> {
  const whole = { ...defaultSettings, ...settings }
  return server.serve((connection) => serveConnection(connection, handler, whole))
}

/** Serves one connection: the handler of `connection.run`. */
async function serveConnection(connection: Connection, handler: HttpHandler, settings: Settings): Promise<void> {
  connection.setLimits({ idleTimeout: settings.keepAliveTimeout, readTimeout: settings.readTimeout })
  let next = true
  while (next) {
    let request: Request
    try {
      request = await readRequest(connection, settings)
    } catch (error) {
      const refusal = await refusalOf(error, connection, settings)
      // The connection is lost or was idle for too long, or the server drains: there is no request to answer.
      if (refusal === undefined) throw error
      const { head, body } = encodeResponse(UNREAD, responseTo(refusal), true)
      await connection.write([head, body as string])
      return
    }
    next = await answer(request, handler, settings)
  }
}

/** In place of a request whose head cannot be read. */
const UNREAD = { method: 'GET', version: '1.1', keepAlive: false } as const

/** Answers a request. Resolves with whether the next one may be read. */
async function answer(request: Request, handler: HttpHandler, settings: Settings): Promise<boolean> {
  const { connection, body, method } = request
  let given: Response | undefined
  let response: EncodedResponse
  let fault: { error: unknown } | undefined
  try {
    given = await handler(request)
    // The iterable may read the body of the request, and behind the head of the response it is too late to ask for it.
    if (typeof given.body === 'object' && !(given.body instanceof Uint8Array)) body.sendContinue()
    response = encodeResponse(request, given, isLast(request, settings))
  } catch (error) {
    await closePieces(given?.body)
    if (!(error instanceof HttpError)) {
      // Often the error is that of the connection, which linnet does not take for one of the handler.
      if (connection.signal.aborted) throw error
      fault = { error }
    }
    const refusal = error instanceof HttpError ? error : new HttpError(500, 'the server failed')
    response = encodeResponse(request, responseTo(refusal), fault !== undefined || isLast(request, settings))
  }
  try {
    await sendResponse(connection, response, method)
  } catch (error) {
    // A part may be sent. Without a reset a client of HTTP/1.0 would take it for the whole.
    connection.abort(error)
    if (fault !== undefined) throw fault.error
    // The body of the request, which the iterable read, was refused.
    if (error instanceof HttpError) return false
    throw error
  }
  if (fault !== undefined) throw fault.error
  if (response.close) return false
  try {
    return await body.discard(settings.maxDiscard)
  } catch (error) {
    if (error instanceof HttpError) return false
    throw error
  }
}

/** Whether the connection is closed behind the response. While the server drains, what has arrived is answered first. */
function isLast({ connection, body }: Request, { maxDiscard }: Settings): boolean {
  if (body.blocks(maxDiscard)) return true
  return connection.drainSignal.aborted && !(body.over && connection.buffered > 0)
}

/** The error that answers a head which cannot be read; undefined if none can, or if no request had begun. */
async function refusalOf(error: unknown, connection: Connection, { maxRequestLine }: Settings): Promise<HttpError | undefined> {
  if (error instanceof HttpError) return error
  if (error instanceof TimeoutError && error.kind === 'read') return new HttpError(408, 'the request came too slowly')
  if (error instanceof EndOfStreamError && error.partial.length > 0) return new HttpError(400, 'the request was cut')
  if (!(error instanceof LimitExceededError)) return undefined
  const start = await connection.peek(maxRequestLine, { maxBytes: maxRequestLine })
  return start.includes('\n') ? new HttpError(431, 'the header lines are too long') : new HttpError(414, 'the request line is too long')
}

function responseTo({ status, message, headers }: HttpError): Response {
  return { status, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' }, body: `${message}\n` }
}
