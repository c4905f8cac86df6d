// JSON as text: parsed without members that set a prototype, and written only if it reads back as it is.
// Decision: docs/decisions/what-is-written-reads-back.md

import { isNumberObject } from 'node:util/types'
import { FrameError } from '../errors.js'
import { kindOf } from '../kind-of.js'
import { refused } from './encode.js'

/** A frame of another codec, as a Buffer for an error: a copy. */
export function bytesOfFrame(frame: string | Uint8Array): Buffer {
  return Buffer.from(frame as string)
}

/**
 * Parses the JSON of a frame. Members with the name `__proto__` are removed: JSON.parse makes them plain members, but a program
 * that copies them (`Object.assign`, a deep merge) sets a prototype.
 *
 * @throws FrameError
 */
export function parseJson(frame: string | Uint8Array): unknown {
  let text: string
  let value: unknown
  try {
    text = typeof frame === 'string' ? frame : textOfBytes(frame)
    value = JSON.parse(text)
  } catch (cause) {
    const message = 'the frame is no JSON, `cause` says where; it is taken, and the next frame can be read'
    throw new FrameError({ frame: bytesOfFrame(frame), cause, message })
  }
  // The name may be written with escapes. Nearly all frames have neither, and their values are not searched.
  if (text.includes('__proto__') || text.includes('\\u')) removePrototypes(value)
  return value
}

function textOfBytes(frame: Uint8Array): string {
  const bytes = frame instanceof Buffer ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.length)
  return bytes.toString()
}

/** Removes members with the name `__proto__`. Returns whether there was one. Not recursive: JSON can be nested more deeply than the stack is. */
function removePrototypes(root: unknown): boolean {
  let found = false
  const left = [root]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) found = Reflect.deleteProperty(value, '__proto__')
    for (const member of Object.values(value)) left.push(member)
  }
  return found
}

/**
 * The JSON of a message. As in JSON.stringify, `toJSON` of an object determines what is written, and members that are undefined,
 * a function or a symbol are left out. Any other value that would not read back is refused.
 *
 * @throws FrameError
 */
export function jsonOf(message: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(message)
    // JSON.stringify writes `null` for a value that has no form. A message without `null` needs no second pass.
    if (text?.includes('null')) JSON.stringify(message, refuseLost)
  } catch (cause) {
    throw refused('JSON has no form for the message, `cause` says why', undefined, cause)
  }
  if (text === undefined) throw refused(`JSON has no form for ${kindOf(message)}`, undefined)
  // The text may also be the end of another name: `"a\"__proto__":`.
  if (text.includes('"__proto__":') && removePrototypes(JSON.parse(text))) {
    throw refused('the message has a member with the name `__proto__`, which is not read', text)
  }
  return text
}

/** Throws for a value that JSON.stringify would write as `null`. */
function refuseLost(this: unknown, name: string, given: unknown): unknown {
  const value = isNumberObject(given) ? Number(given) : given
  const lost = typeof value === 'number' ? !Number.isFinite(value) : Array.isArray(this) && isLeftOut(value)
  if (lost) throw new TypeError(`${typeof value === 'number' ? String(value) : kindOf(value)} at '${name}' would be written as null`)
  return value
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}
