// The limits of an HTTP server, each with its reason. Connections are limited where the server listens; `writeTimeout` and
// `maxWriteBuffer` of linnet bound a client that does not read.

export interface Settings {
  /** The most bytes of a request line. RFC 9112, section 3, asks for 8,000 at least. A longer one is answered with 414. */
  readonly maxRequestLine: number
  /** The most bytes of all header lines, and of all trailer lines; and the most lines. More are answered with 431. */
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  /** The most bytes of a request's body. A larger one is answered with 413: before it is read if its length is given. */
  readonly maxBody: number
  /** The most bytes of a body that are read and dropped because the handler did not read them. With more, the connection is closed. */
  readonly maxDiscard: number
  /** The longest wait for the next request, in milliseconds. Then the connection is closed without an answer. */
  readonly keepAliveTimeout: number
  /** The longest that a head may take from its first byte, and each piece of a body. Then the answer is 408. */
  readonly readTimeout: number
  /** The longest that is waited for all pieces of a body. The time that the handler takes between two pieces does not count. */
  readonly bodyTimeout: number
}

export const defaultSettings: Settings = {
  maxRequestLine: 8192,
  maxHeaderBytes: 16_384,
  maxHeaders: 100,
  maxBody: 1_048_576,
  maxDiscard: 65_536,
  keepAliveTimeout: 15_000,
  readTimeout: 10_000,
  bodyTimeout: 120_000,
}
