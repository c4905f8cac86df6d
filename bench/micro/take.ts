// Making the value that a read returns: views of bytes and text by different methods, and the work of the queue around it.

import { ByteQueue } from '../../lib/bytes/queue.js'
import { type Case, many, once } from './case.js'

const SIZE = 64
const LINES = 1024
const CHUNK = SIZE * LINES
const chunk = Buffer.alloc(CHUNK, `${'x'.repeat(SIZE - 1)}\n`)
const text = chunk.toString('latin1')

export const take: readonly Case[] = [
  once('take', 'Buffer.subarray', () => chunk.subarray(SIZE, 2 * SIZE)),
  once('take', 'new Uint8Array(arrayBuffer, offset, length)', () => new Uint8Array(chunk.buffer, chunk.byteOffset + SIZE, SIZE)),
  once('take', 'Buffer.from(arrayBuffer, offset, length)', () => Buffer.from(chunk.buffer, chunk.byteOffset + SIZE, SIZE)),
  once('take', 'Buffer.from(buffer), a copy', () => Buffer.from(chunk.subarray(SIZE, 2 * SIZE))),
  once('take', "toString('latin1')", () => chunk.toString('latin1', SIZE, 2 * SIZE)),
  once('take', "toString('utf8')", () => chunk.toString('utf8', SIZE, 2 * SIZE)),
  many('take', 'decode a chunk, slice its lines', LINES, () => {
    const all = chunk.toString('latin1')
    let length = 0
    for (let at = 0; at < all.length; at += SIZE) length += all.slice(at, at + SIZE - 1).length
    return length
  }),
  once('take', 'string.slice', () => text.slice(SIZE, 2 * SIZE - 1)),
  many('take', 'ByteQueue: push 64 KiB, take lines of 64 B', LINES, () => {
    const queue = new ByteQueue()
    queue.push(chunk)
    let length = 0
    while (queue.length > 0) length += queue.take(SIZE).length
    return length
  }),
  many('take', 'ByteQueue: a line of 64 KiB from pieces of 64 B', LINES, () => {
    const queue = new ByteQueue()
    for (let at = 0; at < CHUNK; at += SIZE) queue.push(chunk.subarray(at, at + SIZE))
    return queue.take(CHUNK)
  }),
]
