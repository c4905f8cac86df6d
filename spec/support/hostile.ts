// Values that a program may throw, and for which a careless inspection throws, does not end, or fills the memory.

import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'

const no = (): never => {
  throw new Error('a question about a hostile value')
}

const getter = <T extends object>(target: T, ...names: PropertyKey[]): T => {
  for (const name of names) Object.defineProperty(target, name, { get: no })
  return target
}

/** An AggregateError with these `errors`. */
const aggregate = (errors: unknown): Error => Object.assign(new AggregateError([], 'several'), { errors })

/** What makes each value, by its description. */
export const hostile: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  'a string': () => 'oops',
  'a number': () => Number.NaN,
  'a symbol': () => Symbol('s'),
  'a function': () => no,
  'an object without a prototype': () => Object.create(null),
  'a frozen error': () => Object.freeze(new Error('frozen')),
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  'a revoked proxy of an error': () => {
    const { proxy, revoke } = Proxy.revocable(new Error('x'), {})
    revoke()
    return proxy
  },
  'a revoked proxy of a function': () => {
    const { proxy, revoke } = Proxy.revocable(no, {})
    revoke()
    return proxy
  },
  'a proxy whose traps throw': () => new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no, getOwnPropertyDescriptor: no }),
  'hostile getters': () => getter({}, 'name', 'message', 'stack', 'cause', 'errors', 'code', 'toString', Symbol.toStringTag),
  'an error with a hostile name': () => getter(new Error('x'), 'name'),
  'an error with a hostile stack': () => getter(new Error('x'), 'stack'),
  'an error with a hostile cause': () => getter(Object.assign(new Error('x'), { name: 'AbortError' }), 'cause'),
  'a hostile inspect': () => ({ [inspect.custom]: no }),
  'a hostile conversion': () => ({ toString: no, valueOf: no, [Symbol.toPrimitive]: no, toJSON: no }),
  'an aggregate of itself': () => {
    const error = new AggregateError([], 'several')
    error.errors.push(error)
    return error
  },
  'an aggregate without errors': () => aggregate(undefined),
  'an aggregate whose errors are no array': () => aggregate('text'),
  'an aggregate whose errors are a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    return aggregate(proxy)
  },
  'an aggregate with hostile errors': () => getter(new AggregateError([], 'several'), 'errors'),
  'an aggregate whose items throw': () => aggregate(getter([1], 0)),
  'an aggregate of a species': () => aggregate(Object.assign([new Error('x')], { constructor: { [Symbol.species]: no } })),
  'an aggregate of very many': () => aggregate(Array(1_000_000).fill(new Error('x'))),
  'an aggregate that claims to be endless': () => aggregate(new Proxy([], { get: (_, name) => (name === 'length' ? Infinity : 1) })),
  'an aggregate of another realm': () => runInNewContext("new AggregateError([new Error('x')])"),
  'a circular cause': () => {
    const error = new Error('x')
    error.cause = error
    return error
  },
  'a circular abort': () => {
    const error = Object.assign(new Error('x'), { name: 'AbortError' })
    error.cause = error
    return error
  },
  'an error of another realm': () => runInNewContext("new Error('x')"),
}

/** Whether a promise rejects with this very value. The value itself is not awaited: it may be a revoked Proxy. */
export async function rejectsWith(promise: Promise<unknown>, value: unknown): Promise<boolean> {
  const [result] = await Promise.allSettled([promise])
  return result?.status === 'rejected' && Object.is(result.reason, value)
}
