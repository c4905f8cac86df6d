// Bun.listen: callbacks, lines split by hand, one write for each; bytes that Bun has not taken are written when it drains.

interface State {
  begun: Buffer[]
  unsent: Buffer[]
}

interface BunSocket {
  data: State
  write(bytes: Uint8Array): number
  setNoDelay?(on: boolean): boolean
}

declare const Bun: {
  gc(force: boolean): void
  listen(options: {
    hostname: string
    port: number
    socket: {
      open(socket: BunSocket): void
      data(socket: BunSocket, chunk: Buffer): void
      drain(socket: BunSocket): void
      error(): void
      close(): void
    }
  }): { port: number }
}

const LINE_FEED = 10

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { begun: [], unsent: [] }
      socket.setNoDelay?.(true)
    },
    data(socket, chunk) {
      const state = socket.data
      let start = 0
      for (let end: number; (end = chunk.indexOf(LINE_FEED, start) + 1) > 0; start = end) {
        let line = chunk.subarray(start, end)
        if (state.begun.length > 0) {
          line = Buffer.concat([...state.begun, line])
          state.begun = []
        }
        send(socket, line)
      }
      // Bun may reuse the memory of a chunk.
      if (start < chunk.length) state.begun.push(Buffer.from(chunk.subarray(start)))
    },
    drain(socket) {
      const waiting = socket.data.unsent
      socket.data.unsent = []
      for (const line of waiting) send(socket, line)
    },
    error() {},
    close() {},
  },
})

function send(socket: BunSocket, line: Buffer): void {
  const { unsent } = socket.data
  const written = unsent.length > 0 ? 0 : Math.max(socket.write(line), 0)
  if (written < line.length) unsent.push(Buffer.from(line.subarray(written)))
}

process.on('SIGUSR2', () => Bun.gc(true))
console.log(server.port)
