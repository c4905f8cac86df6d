// Shared by the specs of JSON: frames of text, by codecs of the library and of programs, and schemas.

import * as z from 'zod'
import { type Codec, netstring, type StandardSchemaV1 } from '../../lib/framing/index.js'

/** A frame of text. */
export const net = (text: string): string => `${Buffer.byteLength(text)}:${Buffer.from(text).toString('latin1')},`

/** The codec whose frames are taken one by one: of the library, and of a program with and without `tryRead`. */
const { read, encode, tryRead } = netstring()
export const frames: Record<string, Codec<string | Uint8Array, string>> = {
  'of the library': netstring(),
  'of a program': { read: (reader) => read(reader), encode },
  'of a program, with tryRead': { read: (reader) => read(reader), encode, tryRead: (reader) => tryRead?.(reader) },
  'of a program, of plain bytes': { read: async (reader) => new Uint8Array(await read(reader)), encode },
}

export const Order = z.object({ item: z.string(), count: z.coerce.number().min(1).default(1) })
export const Later = Order.refine(async ({ item }) => (await Promise.resolve(item)) !== 'bomb', { path: ['item'], message: 'is refused' })

/** A schema that counts, and is asynchronous where `later` says so. */
export function counting(later: (value: unknown) => boolean = () => false): StandardSchemaV1<unknown, unknown> & { seen: unknown[] } {
  const seen: unknown[] = []
  const validate = (value: unknown) => {
    seen.push(value)
    const result = value === 'wrong' ? { issues: [{ message: 'is wrong' }] } : { value: value === 'nothing' ? undefined : value }
    return later(value) ? Promise.resolve(result) : result
  }
  return { seen, '~standard': { version: 1, vendor: 'test', validate } }
}
