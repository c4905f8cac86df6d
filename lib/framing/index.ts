// The public interface of `linnet/framing`: re-exports only.

export type { Codec } from './codec.js'
export { contentLength } from './content-length.js'
export { delimited } from './delimited.js'
export { Framed, framed } from './framed.js'
export { json, type TextCodec } from './json.js'
export { lengthPrefixed } from './length-prefixed.js'
export { lines } from './lines.js'
export { netstring } from './netstring.js'
export type { FrameOptions, LengthPrefixedOptions } from './options.js'
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchemaV1 } from './standard-schema.js'
export { varintPrefixed } from './varint-prefixed.js'
