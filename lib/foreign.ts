// Inspects values of foreign origin: what handlers and tasks throw, and the reasons of signals. Such a value may be anything: a
// primitive, a revoked Proxy, an object whose getters throw, an error of another realm (test runners use vm contexts), or one
// that is its own cause or member. No function here throws, and each looks at a bounded number of values.

// Far more errors than a program throws at once, and few enough that a list of millions does not block the event loop.
const MOST = 1000

/** Whether an object has a property only because Object.prototype has it. */
function inheritedByAll(value: object, name: string): boolean {
  if (!Object.hasOwn(Object.prototype, name)) return false
  let owner: object | null = value
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner)
  return owner === Object.prototype
}

/** A property of any value; undefined if it cannot be read. */
function propertyOf(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    return inheritedByAll(value, name) ? undefined : (value as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** `error.code` of any value, if it is a string. */
export function codeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'code')
  return typeof code === 'string' ? code : undefined
}

/** Whether a value can be passed to Node's streams as an error: they read its `stack`. */
export function isUsableError(value: unknown): value is Error {
  try {
    return value instanceof Error && value.stack !== null
  } catch {
    return false
  }
}

/** Whether a value is an AbortError of Node, the web platform, another realm or a library. */
function isAbortError(error: unknown): boolean {
  return propertyOf(error, 'name') === 'AbortError'
}

function isAggregateError(error: unknown): boolean {
  try {
    return propertyOf(error, 'name') === 'AggregateError' || error instanceof AggregateError
  } catch {
    return false
  }
}

/** The errors of an AggregateError of any realm; an empty list if they cannot be read or are too many. */
function errorsOf(error: unknown): unknown[] {
  if (!isAggregateError(error)) return []
  try {
    const errors = propertyOf(error, 'errors')
    return Array.isArray(errors) && errors.length <= MOST ? Array.from({ length: errors.length }, (_, n) => errors[n]) : []
  } catch {
    return []
  }
}

/**
 * Whether an error passes a test, or is an AggregateError that contains, at any depth, only errors that pass. An
 * AggregateError without errors, or with too many, does not pass.
 */
export function everyError(error: unknown, passes: (error: unknown) => boolean): boolean {
  const seen = new Set<unknown>()
  const queue = [error]
  let passed = false
  while (queue.length > 0) {
    const next = queue.pop()
    if (seen.has(next)) continue
    if (seen.size === MOST) return false
    seen.add(next)
    if (passes(next)) {
      passed = true
      continue
    }
    const errors = errorsOf(next)
    if (errors.length === 0) return false
    queue.push(...errors)
  }
  return passed
}

/**
 * Whether an error is an AbortError whose cause, directly or through other AbortErrors, passes a test. Returns undefined for
 * an AbortError without a cause, which some libraries throw.
 */
export function isAbortBy(error: unknown, passes: (cause: unknown) => boolean): boolean | undefined {
  let abort = error
  for (let depth = 0; depth < MOST && isAbortError(abort); depth++) {
    const cause = propertyOf(abort, 'cause')
    if (cause === undefined && depth === 0) return undefined
    if (passes(cause)) return true
    abort = cause
  }
  return false
}
