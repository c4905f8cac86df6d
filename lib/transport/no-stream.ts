// Advice in the errors of `Connection.from` for values that it cannot use: a stream of one direction, or a pair with a half
// missing. Computed only for an error.

import Stream, { Duplex, Readable, Writable } from 'node:stream'
import { isInstance, kindOf } from '../kind-of.js'

const BOTH = ': give both directions, as { readable, writable }'
const LAST_OF_STDIO = 2

/** Whether it is stdin, stdout or stderr in one direction. A pipe there is a Socket of Node's, and so a Duplex. */
export function isHalfOfStdio(stream: unknown): boolean {
  if (!(stream instanceof Duplex)) return false
  const { fd } = stream as { fd?: unknown }
  return typeof fd === 'number' && fd >= 0 && fd <= LAST_OF_STDIO && !(stream.readable && stream.writable)
}

/** The text behind "not a …" in the message; empty where there is no advice. */
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

/** The message for a stream that was passed as options: `Connection.from(process.stdin, process.stdout)`. */
export function secondStream(options: unknown): string | undefined {
  return isInstance(options, Stream) ? `options must be an object, not ${kindOf(options)}${BOTH}` : undefined
}
