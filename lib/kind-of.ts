// Describes a wrong value in an error message, with a hint for common mistakes: a Promise that was not awaited, a controller
// instead of its signal. It takes any value and never throws.

/** How much of a name a message quotes: enough to recognise it, and too little to flood a log. */
const QUOTED = 40

/** The string tag of an object: `Object`, `Array`, `Map` …; `unreadable` for a Proxy that throws. */
export function tagOf(value: object): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1).slice(0, QUOTED)
  } catch {
    return 'unreadable'
  }
}

/** Whether a value is a Promise or another object with a `then` method. */
export function isThenable(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  } catch {
    return false
  }
}

/** `instanceof` that returns false for a Proxy that throws. */
export function isInstance(value: unknown, Class: abstract new (...args: never[]) => object): boolean {
  try {
    return value instanceof Class
  } catch {
    return false
  }
}

/** The name of the class of an object; its tag if it has no such name. */
function classOf(value: object): string {
  const tag = tagOf(value)
  // The tag of a Buffer is that of its base class, Uint8Array.
  if (tag !== 'Object' && tag !== 'Uint8Array') return tag
  try {
    const { name } = value.constructor
    return typeof name === 'string' && name !== '' ? name.slice(0, QUOTED) : tag
  } catch {
    return tag
  }
}

const WRAP = 'wrap it: `new Uint8Array(buffer)`'
// Maps and not objects: a foreign value chooses the key, which may be `constructor`.
const hints: ReadonlyMap<string, string> = new Map([
  ['AbortController', 'pass its `signal`'],
  ['ArrayBuffer', WRAP],
  ['SharedArrayBuffer', WRAP],
])

/** A hint for a value that is a common mistake; undefined for any other. */
export function hintFor(value: unknown): string | undefined {
  if (isThenable(value)) return 'forgotten await?'
  return typeof value === 'object' && value !== null ? hints.get(tagOf(value)) : undefined
}

const words: ReadonlyMap<string, string> = new Map([
  ['Object', 'object'],
  ['Array', 'array'],
  ['unreadable', 'object that cannot be read'],
])

/** Describes a value: `a string`, `null`, `a Promise (forgotten await?)`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const name = classOf(value)
  const word = words.get(name) ?? name
  const hint = hintFor(value)
  return `${/^[aeio]/i.test(word) ? 'an' : 'a'} ${word}${hint === undefined ? '' : ` (${hint})`}`
}
