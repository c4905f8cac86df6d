// Deno.listen: an async function a connection, lines split by hand, one awaited write for each.

interface DenoConnection {
  read(into: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  setNoDelay(on: boolean): void
  close(): void
}

declare const Deno: {
  listen(options: { hostname: string; port: number }): AsyncIterable<DenoConnection> & { addr: { port: number } }
}

const LINE_FEED = 10
const SIZE = 64 * 1024

const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
console.log(listener.addr.port)

for await (const connection of listener) {
  connection.setNoDelay(true)
  serve(connection).catch(() => {
    try {
      connection.close()
    } catch {
      // Already closed.
    }
  })
}

async function serve(connection: DenoConnection): Promise<void> {
  const chunk = new Uint8Array(SIZE)
  let begun: Uint8Array[] = []
  for (let length = await connection.read(chunk); length !== null; length = await connection.read(chunk)) {
    let start = 0
    for (let end: number; (end = chunk.subarray(0, length).indexOf(LINE_FEED, start) + 1) > 0; start = end) {
      let line = chunk.subarray(start, end)
      if (begun.length > 0) {
        line = joined([...begun, line])
        begun = []
      }
      await send(connection, line)
    }
    if (start < length) begun.push(chunk.slice(start, length))
  }
  connection.close()
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

async function send(connection: DenoConnection, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length; ) sent += await connection.write(bytes.subarray(sent))
}
