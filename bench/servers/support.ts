// Shared by all contenders that run on Node: the first line of output, the modes, which are arguments, and the garbage collection that the
// idle scenario requests by SIGUSR2. SIGTERM ends a Node process by default.

import { type AddressInfo, createServer, type ServerOpts, type Socket } from 'node:net'

const MIB = 1024 * 1024

/** `echo`, `long` (lines beyond the usual limits), or for the bulk servers `up`, `down`, `both`. */
export const mode: string = process.argv[2] ?? 'echo'

/** Bytes that a bulk server sends. */
export const bytes: number = Number(process.argv[3] ?? 0)

/** The options for `listen` of linnet: lines of 64 MiB exceed the default limits. */
export const listenOptions: { host: string; maxBufferSize: number } = {
  host: '127.0.0.1',
  maxBufferSize: mode === 'long' ? 128 * MIB : MIB,
}

/** The answer of the HTTP servers, and its headers. */
export const HELLO = 'hello\n'
export const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }

/** Prints the port of the server, for which the runner waits. */
export function ready(port: number): void {
  console.log(port)
  const { gc } = globalThis
  if (gc !== undefined) process.on('SIGUSR2', () => void gc())
}

/** A server of `node:net`. Its sockets have a listener for errors, because clients of the benchmark reset their connections. */
export function listenWithNet(serve: (socket: Socket) => unknown, options: ServerOpts = { noDelay: true }): void {
  const server = createServer(options, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port))
}
