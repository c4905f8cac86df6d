// What a value is, in the words of a message that refuses it, and what to do about the usual slips: a Promise that was not
// awaited, a controller instead of its signal. Only asked once something is wrong, and asked of any value: it never throws.

/** The longest piece of a name that a message quotes: enough to recognise it, not enough to flood a log. */
const QUOTED = 40

/** What an object says it is: `Object`, `Array`, `Map` … A Proxy may refuse even that. */
export function tagOf(value: object): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1).slice(0, QUOTED)
  } catch {
    return 'unreadable'
  }
}

/** Whether a value is a Promise, or what `await` would wait for. */
export function isThenable(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  } catch {
    return false
  }
}

/** `instanceof`, where a Proxy may refuse it. */
export function isInstance(value: unknown, Class: abstract new (...args: never[]) => object): boolean {
  try {
    return value instanceof Class
  } catch {
    return false
  }
}

/** The class of an object; `Object` for a plain one, and where it cannot be known. */
function classOf(value: object): string {
  const tag = tagOf(value)
  // A Buffer is a Uint8Array of a class of its own.
  if (tag !== 'Object' && tag !== 'Uint8Array') return tag
  try {
    const { name } = value.constructor
    return typeof name === 'string' && name !== '' ? name.slice(0, QUOTED) : tag
  } catch {
    return tag
  }
}

const WRAP = 'wrap it: `new Uint8Array(buffer)`'
// Maps: an object says what it is called, and may say `constructor`.
const hints: ReadonlyMap<string, string> = new Map([
  ['AbortController', 'pass its `signal`'],
  ['ArrayBuffer', WRAP],
  ['SharedArrayBuffer', WRAP],
])

/** What to do about a value that is a usual slip; undefined for any other. */
export function hintFor(value: unknown): string | undefined {
  if (isThenable(value)) return 'forgotten await?'
  return typeof value === 'object' && value !== null ? hints.get(tagOf(value)) : undefined
}

const words: ReadonlyMap<string, string> = new Map([
  ['Object', 'object'],
  ['Array', 'array'],
  ['unreadable', 'object that cannot be read'],
])

/** What a value is: `a string`, `null`, `a Promise (forgotten await?)`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const name = classOf(value)
  const word = words.get(name) ?? name
  const hint = hintFor(value)
  return `${/^[aeio]/i.test(word) ? 'an' : 'a'} ${word}${hint === undefined ? '' : ` (${hint})`}`
}
