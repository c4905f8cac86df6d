// The codecs of the library differ from those of a program in one way: each has a format, by which frames are taken off the
// unread bytes directly. A program's codec is used through its three functions alone.

import type { Limit } from '../connection/reading/limit.js'
import { startRead, tryRead } from '../connection/reading/read-arguments.js'
import type { ReadLock } from '../connection/reading/read-lock.js'
import { type ReadSource, sourceOf } from '../connection/reading/read-methods.js'
import { NO_OPTIONS } from '../connection/reading/read-options.js'
import type { Reader } from '../connection/reading/reader.js'
import { kindOf } from '../kind-of.js'
import type { Codec } from './codec.js'
import type { BytesFormat, FrameFormat } from './format.js'

/** The codec of a format. */
export function codecOf<In, Out>(format: BytesFormat<In>, encode: Codec<In, Out>['encode']): Codec<In, Out> {
  const options = { ...NO_OPTIONS, maxBytes: format.maxBytes }
  const codec: Codec<In, Out> = {
    async read(reader: Reader): Promise<In> {
      const { readHalf, lock } = readSource(reader)
      return startRead(lock, () => readHalf.run((limit) => format.start(limit, wholeOf(lock)), options, lock))
    },
    encode,
    tryRead(reader: Reader): In | undefined {
      const { readHalf, lock } = readSource(reader)
      const fast = lock === undefined ? format.fast(readHalf) : undefined
      return fast ?? tryRead(lock, () => readHalf.try((limit) => format.start(limit, wholeOf(lock)), options, lock))
    },
  }
  return withFormat(codec, format)
}

/** The limit that a message has as a whole, if it was given one. */
function wholeOf(lock: ReadLock | undefined): Limit | undefined {
  const limit = lock?.limitOf(undefined)
  return limit?.option === 'maxBytes' ? limit : undefined
}

/** What a codec of the library has beside its functions. */
interface Own {
  readonly format: FrameFormat<unknown>
  readonly tryRead: unknown
}

// By the function `read`, so that a copy of a codec (`{ ...codec }`) has the format too.
const formats = new WeakMap<object, Own>()

/** Notes the format of a codec of the library, and returns the codec. */
export function withFormat<In, Out>(codec: Codec<In, Out>, format: FrameFormat<In>): Codec<In, Out> {
  formats.set(codec.read, { format, tryRead: codec.tryRead })
  return codec
}

/** The format of a codec; undefined for a program's codec, also for a copy with a reading function of the program's. */
export function formatOf<In>({ read, tryRead }: Codec<In, never>): FrameFormat<In> | undefined {
  const own = formats.get(read)
  return own?.tryRead === tryRead ? (own?.format as FrameFormat<In> | undefined) : undefined
}

/** What a reader reads from. @throws TypeError for anything but a reader of the library */
export function readSource(reader: unknown): ReadSource {
  const source = sourceOf(reader)
  if (source !== undefined) return source
  throw new TypeError(`reader must be a connection, or the reader that a codec or readMessage() is called with, not ${kindOf(reader)}`)
}
