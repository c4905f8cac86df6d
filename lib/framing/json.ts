// JSON in the frames of another codec, checked by a schema. A frame with wrong content is whole, so it is taken: the next frame
// can be read.
//
// If the frames are those of a codec of the library, and validation is synchronous, a buffered frame is read synchronously. The
// first frame shows whether a schema is synchronous.
// Decision: docs/decisions/a-broken-frame-stays-unread.md

import type { ByteQueue } from '../bytes/queue.js'
import type { Limit } from '../connection/reading/limit.js'
import type { ReadHalf } from '../connection/reading/read-half.js'
import { type Read, type Stream, WAIT, type Wait } from '../connection/reading/read-kinds.js'
import type { Reader } from '../connection/reading/reader.js'
import { FrameError, type Issue } from '../errors.js'
import { isThenable, kindOf } from '../kind-of.js'
import { assertCodec, type Codec } from './codec.js'
import { type BytesFormat, type FrameFormat, isSynchronous } from './format.js'
import { formatOf, withFormat } from './format-codec.js'
import { bytesOfFrame, jsonOf, parseJson } from './json-text.js'
import {
  type SchemaInput,
  type SchemaIssue,
  type SchemaOutput,
  type SchemaResult,
  type StandardSchemaV1,
  schemaOf,
} from './standard-schema.js'
import { tryWhole } from './try-whole.js'

/** A codec whose messages are text, or bytes that are read as UTF-8. */
export type TextCodec = Codec<string | Uint8Array, string>

type Frame = string | Uint8Array

/** How many issues an error message lists, and how many characters of each. `issues` has all of them. */
const LISTED = 5
const QUOTED = 120

/**
 * JSON in the frames of another codec.
 *
 * **Reads** a value. With a schema of any library that follows [Standard Schema](https://standardschema.dev) (zod, Valibot,
 * ArkType …) it is what the schema returns, checked and transformed, and has its output type; without one it is `unknown`.
 * Members with the name `__proto__` are dropped. **Writes** a value of the schema's input type. It is not checked by the schema.
 *
 * **Errors**: a frame that is no JSON, or does not fit the schema (`issues`), is a FrameError. It is taken: the next read, or a
 * new loop, continues with the next frame. A message that would not read back as it is, such as `undefined`, a function, a BigInt,
 * `NaN` or an object that contains itself, is a FrameError and is not sent. Members that are `undefined` or a function are left
 * out, and an object with `toJSON` is written as that says, as in JSON.stringify.
 *
 * @param codec - of text or bytes: `lines()`, `lengthPrefixed({ bytes: 4 })` …
 * @throws TypeError for a codec or a schema that is none
 * @example
 * const Order = z.object({ item: z.string(), count: z.number() })
 * for await (const { item, count } of framed(connection, json(lines(), Order))) await book(item, count)
 */
export function json(codec: TextCodec): Codec<unknown>
export function json<Schema extends StandardSchemaV1>(codec: TextCodec, schema: Schema): Codec<SchemaOutput<Schema>, SchemaInput<Schema>>
export function json(codec: TextCodec, schema?: StandardSchemaV1): Codec<unknown> {
  assertCodec(codec)
  const content = schema === undefined ? new Content() : new CheckedContent(schemaOf(schema))
  const outer: Codec<unknown> = {
    async read(reader: Reader): Promise<unknown> {
      return content.decode(await codec.read(reader))
    },
    encode: (message) => codec.encode(jsonOf(message)),
  }
  if (codec.tryRead !== undefined) outer.tryRead = (reader) => tryWhole(reader, (reader) => tryDecode(codec, content, reader))
  const format = formatOf(codec)
  return format === undefined ? outer : withFormat(outer, content.formatOver(format))
}

/** Undefined also for content that fails: the codec's function `read`, which is called then, takes the frame and has the error. */
function tryDecode(codec: TextCodec, content: Content, reader: Reader): unknown {
  const frame = content.synchronous ? codec.tryRead?.(reader) : undefined
  if (frame === undefined) return undefined
  try {
    return content.decodeNow(frame)
  } catch {
    return undefined
  }
}

/** Content that any JSON is. */
class Content {
  /** Whether `decodeNow` may be used. */
  synchronous = true

  /** The value of a frame. @throws FrameError */
  decode(frame: Frame): unknown {
    return parseJson(assertText(frame))
  }

  /** The same; undefined if validation is asynchronous. */
  decodeNow(frame: Frame): unknown {
    return this.decode(frame)
  }

  formatOver(frames: FrameFormat<Frame>): FrameFormat<unknown> {
    const fast = (readHalf: ReadHalf): unknown => {
      const frame = frames.fast(readHalf)
      return frame === undefined ? undefined : this.decode(frame)
    }
    const { maxBytes } = frames
    if (!isSynchronous(frames)) return { maxBytes, fast }
    const format: BytesFormat<unknown> = {
      maxBytes,
      fast,
      takeBuffered: (queue, limit) => {
        const frame = frames.takeBuffered(queue, limit)
        return frame === WAIT ? WAIT : this.decode(frame)
      },
      start: (limit, whole) => new JsonRead(frames.start(limit, whole), this),
    }
    return format
  }
}

/** Content that a schema checks. */
class CheckedContent extends Content {
  // Until the schema has checked a value, it may be asynchronous.
  override synchronous = false
  readonly #schema: StandardSchemaV1

  constructor(schema: StandardSchemaV1) {
    super()
    this.#schema = schema
  }

  override decode(frame: Frame): unknown {
    const result = this.#schema['~standard'].validate(super.decode(frame))
    this.synchronous = !isThenable(result)
    return this.synchronous
      ? outcome(result as SchemaResult<unknown>, frame)
      : (result as Promise<SchemaResult<unknown>>).then((result) => outcome(result, frame))
  }

  override decodeNow(frame: Frame): unknown {
    const value = this.decode(frame)
    if (this.synchronous) return value
    // The schema is asynchronous for some values only: `decode` is called again for this frame.
    Promise.resolve(value).catch(ignore)
    return undefined
  }

  // Without `takeBuffered` and `start`: a program's function must not run when bytes arrive.
  override formatOver(frames: FrameFormat<Frame>): FrameFormat<unknown> {
    const decode = (frame: Frame): unknown => this.decodeNow(frame)
    // A schema below this one would replace the mark of `takeDecoded` by its own.
    const usable = isSynchronous(frames)
    return {
      maxBytes: frames.maxBytes,
      fast: (readHalf) => (usable && this.synchronous ? readHalf.takeDecoded(() => frames.fast(readHalf), decode) : undefined),
    }
  }
}

const ignore = (): void => {}

/** The read of a frame, and its content. */
class JsonRead implements Read<unknown> {
  readonly operation: string
  readonly limit: Limit
  readonly #frames: Read<Frame>
  readonly #content: Content

  constructor(frames: Read<Frame>, content: Content) {
    this.operation = frames.operation
    this.limit = frames.limit
    this.#frames = frames
    this.#content = content
  }

  attempt(queue: ByteQueue, stream: Stream): unknown | Wait {
    const frame = this.#frames.attempt(queue, stream)
    return frame === WAIT ? WAIT : this.#content.decode(frame)
  }
}

function assertText(frame: unknown): Frame {
  if (typeof frame === 'string' || frame instanceof Uint8Array) return frame
  throw new TypeError(`json() needs a codec that reads text or bytes, not ${kindOf(frame)}`)
}

/** The value of a result. @throws FrameError */
function outcome(result: SchemaResult<unknown>, frame: Frame): unknown {
  if (result.issues === undefined) return result.value
  const issues = result.issues.map(issueOf)
  const message = `the frame does not fit its schema: ${listOf(issues)}; it is taken, and the next frame can be read`
  throw new FrameError({ frame: bytesOfFrame(frame), issues, message })
}

/** The first issues as text. The peer determines how many there are, and how long: all of them would flood a log. */
function listOf(issues: readonly Issue[]): string {
  const list = issues.slice(0, LISTED).map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  const more = issues.length > LISTED ? `; and ${issues.length - LISTED} more` : ''
  return list.map((each) => (each.length > QUOTED ? `${each.slice(0, QUOTED)}…` : each)).join('; ') + more
}

function issueOf({ message, path = [] }: SchemaIssue): Issue {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part))
  return { path: keys.map((key) => (typeof key === 'symbol' ? String(key) : key)), message }
}
