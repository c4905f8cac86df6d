// The used parts of the packages in packages/, so that the benchmark compiles without them: they are installed only for a
// comparison with them.

declare module 'promise-socket' {
  export class PromiseSocket {
    constructor(socket: import('node:net').Socket)
    /** The next chunk; undefined at the end. */
    read(): Promise<Buffer | undefined>
    write(bytes: Uint8Array): Promise<number>
  }
}

declare module 'stream-to-it' {
  export function duplex(stream: import('node:stream').Duplex): object
}

declare module 'it-byte-stream' {
  interface ByteStream {
    /** The next chunk; null at the end. */
    read(): Promise<{ subarray(): Uint8Array } | null>
    write(bytes: Uint8Array): Promise<void>
  }
  export function byteStream(duplex: object): ByteStream
}

declare module 'frame-stream' {
  type Transform = import('node:stream').Transform
  /** Pushes each message without its length. */
  export function decode(options?: { lengthSize?: number; maxSize?: number }): Transform
  /** Writes each chunk with its length in front of it. */
  export function encode(options?: { lengthSize?: number }): Transform
}

declare module 'split2' {
  /** Pushes what the mapper returns for each line. */
  export default function split(mapper: (line: string) => unknown, options?: { maxLength?: number }): import('node:stream').Transform
}

declare module 'mitata' {
  /** Nanoseconds for one call. */
  interface Stats {
    min: number
    avg: number
    p50: number
    p99: number
  }
  export function measure(run: () => unknown, options?: { min_cpu_time?: number; gc?: false | (() => void) }): Promise<Stats>
}
