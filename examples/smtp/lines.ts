// Lines that end with CR LF and nothing else. A server that also takes a bare LF or CR for a line end reads another message than the
// server in front of it, and the sender of the message chooses which: that is SMTP smuggling. So either of them is refused.

import { type Connection, LimitExceededError } from 'linnet'

/** The bytes of the client are no lines: the reply to it, after which the connection is closed. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

export interface LineLimits {
  /** The most bytes of a line, with its end. */
  readonly maxBytes: number
  /** The most bytes of a longer line that are dropped. */
  readonly maxDropped: number
  /** Whether the wait for a line may be ended by a server that drains. */
  readonly idle: boolean
  /** The longest that the next bytes may take. */
  readonly timeout: () => number
}

const CR = 13

/** Bytes up to an LF, which have to be a line: the only CR stands in front of the LF. */
function checked(bytes: Buffer): Buffer {
  if (bytes.length < 2 || bytes.indexOf(CR) !== bytes.length - 2) throw new LineError('554 5.5.2 a bare CR or LF is refused')
  return bytes
}

/** The next line with its end, if it has arrived. Of one that is too long, undefined as well. */
export function takeLine(connection: Connection, { maxBytes }: LineLimits): Buffer | undefined {
  try {
    const bytes = connection.tryReadUntil('\n', { maxBytes })
    return bytes && checked(bytes)
  } catch (error) {
    if (error instanceof LimitExceededError) return undefined
    throw error
  }
}

/** Waits for the next line. Resolves with its length if it is too long: it is dropped. */
export async function readLine(connection: Connection, { maxBytes, maxDropped, idle, timeout }: LineLimits): Promise<Buffer | number> {
  for (let dropped = 0; ; ) {
    try {
      const bytes = checked(await connection.readUntil('\n', { maxBytes, timeout: timeout(), idle: idle && dropped === 0 }))
      return dropped === 0 ? bytes : dropped + bytes.length
    } catch (error) {
      if (!(error instanceof LimitExceededError)) throw error
      // `maxBytes` bytes have arrived, and none is an LF. All but the last, which may be the CR of the line end, can be judged.
      const piece = await connection.readExactly(maxBytes - 1, { idle: false })
      if (piece.includes(CR)) throw new LineError('554 5.5.2 a bare CR or LF is refused')
      dropped += piece.length
      if (dropped > maxDropped) throw new LineError('500 5.5.2 that line does not end')
    }
  }
}
