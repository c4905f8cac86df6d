// Judging values that are not ours: what handlers and tasks throw, and what signals give as their reason. Such a value may
// be anything: a primitive, a revoked Proxy, an object whose getters throw, an error of another realm (a vm context, as test
// runners make them), one that causes or contains itself. No question here ever throws, and each looks at a bounded number
// of values.

// Far more than any program throws at once; a list of millions must not stop the loop.
const MOST = 1000

/** Whether it has a property only since somebody has given it to all objects. */
function inheritedByAll(value: object, name: string): boolean {
  if (!Object.hasOwn(Object.prototype, name)) return false
  let owner: object | null = value
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner)
  return owner === Object.prototype
}

/** A property of any value; undefined where it cannot be read. */
function propertyOf(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    return inheritedByAll(value, name) ? undefined : (value as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** `error.code` where that is a string, of any value. */
export function codeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'code')
  return typeof code === 'string' ? code : undefined
}

/** Whether a value can be handed to Node's streams as an error: they read its `stack`. */
export function isUsableError(value: unknown): value is Error {
  try {
    return value instanceof Error && value.stack !== null
  } catch {
    return false
  }
}

/** Whether a value is an AbortError: of Node, of the web platform, of another realm, of a library. */
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

/** The errors that an AggregateError of whatever realm holds; none where they cannot be read, or are too many. */
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
 * Whether an error passes a test, or is an AggregateError that holds, at whatever depth, nothing but errors that do. One
 * that holds none, or too many, does not pass.
 */
export function everyError(error: unknown, passes: (error: unknown) => boolean): boolean {
  const seen = new Set<unknown>()
  const left = [error]
  let passed = false
  while (left.length > 0) {
    const next = left.pop()
    if (seen.has(next)) continue
    if (seen.size === MOST) return false
    seen.add(next)
    if (passes(next)) {
      passed = true
      continue
    }
    const errors = errorsOf(next)
    if (errors.length === 0) return false
    left.push(...errors)
  }
  return passed
}

/**
 * Whether an error is an AbortError that was caused, directly or through other AbortErrors, by what passes a test.
 * Undefined for one that does not say what caused it, as not every library does.
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
