// What all contenders that run on Node have in common and what is not compared: the first line of output, the modes that
// come as arguments, and the collection of garbage that the idle scenario asks for by SIGUSR2. SIGTERM ends a Node process
// by itself.

import { type AddressInfo, createServer, type ServerOpts, type Socket } from 'node:net'

const MIB = 1024 * 1024

/** `echo`, `long` (lines beyond the usual limits), or for the bulk servers `up`, `down`, `both`. */
export const mode: string = process.argv[2] ?? 'echo'

/** Bytes that a bulk server sends. */
export const bytes: number = Number(process.argv[3] ?? 0)

/** How `listen` of linnet is called: a line of 64 MiB is one that a program has to ask for. */
export const listenOptions: { host: string; maxBufferSize: number } = {
  host: '127.0.0.1',
  maxBufferSize: mode === 'long' ? 128 * MIB : MIB,
}

/** Says where the server listens; that is what the runner waits for. */
export function ready(port: number): void {
  console.log(port)
  const { gc } = globalThis
  if (gc !== undefined) process.on('SIGUSR2', () => void gc())
}

/** A server of `node:net`. Its sockets have a listener for errors: a client that is done resets its connection. */
export function listenWithNet(serve: (socket: Socket) => unknown, options: ServerOpts = { noDelay: true }): void {
  const server = createServer(options, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port))
}
