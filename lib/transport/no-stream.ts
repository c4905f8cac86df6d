// What to write instead of something that `Connection.from` cannot use: a stream of one direction, or a pair of which one
// half is missing. Only asked once something is wrong.

import Stream, { Duplex, Readable, Writable } from 'node:stream'
import { isInstance, kindOf } from '../kind-of.js'

const BOTH = ': give both directions, as { readable, writable }'
const LAST_OF_STDIO = 2

/** Whether it is stdin, stdout or stderr in one direction: a pipe there is a Socket for Node, and so a Duplex. */
export function isHalfOfStdio(stream: unknown): boolean {
  if (!(stream instanceof Duplex)) return false
  const { fd } = stream as { fd?: unknown }
  return typeof fd === 'number' && fd >= 0 && fd <= LAST_OF_STDIO && !(stream.readable && stream.writable)
}

/** What follows on "not a …" in the message; nothing where no slip is known. */
export function adviceFor(stream: unknown): string {
  if (isInstance(stream, Stream)) return BOTH
  if (typeof stream !== 'object' || stream === null) return ''
  const { readable, writable } = stream as { readable?: unknown; writable?: unknown }
  if (readable === undefined && writable === undefined) return ''
  if (!isInstance(readable, Readable) && !isInstance(readable, ReadableStream))
    return `: its \`readable\` must be a Readable or a ReadableStream, not ${kindOf(readable)}`
  if (!isInstance(writable, Writable) && !isInstance(writable, WritableStream))
    return `: its \`writable\` must be a Writable or a WritableStream, not ${kindOf(writable)}`
  return ': both streams must be of Node, or both of the web'
}

/** What is said of a stream in the place of options: `Connection.from(process.stdin, process.stdout)`. */
export function secondStream(options: unknown): string | undefined {
  return isInstance(options, Stream) ? `options must be an object, not ${kindOf(options)}${BOTH}` : undefined
}
