import t from 'tap'
import { randomFrom, shuffled } from '../../bench/runner/order.js'

t.test('the same seed gives the same numbers, another seed gives others', async (t) => {
  const take = (seed: number): number[] => Array.from({ length: 5 }, randomFrom(seed))
  t.same(take(1), take(1))
  t.notSame(take(1), take(2))
})

t.test('the numbers lie from 0 to below 1, and are spread over all of it', async (t) => {
  const numbers = Array.from({ length: 10_000 }, randomFrom(42))
  t.ok(numbers.every((number) => number >= 0 && number < 1))
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length / numbers.length
    t.ok(share > 0.08 && share < 0.12, `a tenth of them lies from ${tenth / 10}`)
  }
})

t.test('a shuffled list holds what it held, and the list itself is left alone', async (t) => {
  const list = ['a', 'b', 'c', 'd']
  t.same(shuffled(list, randomFrom(7)).sort(), list)
  t.same(list, ['a', 'b', 'c', 'd'])
  t.same(shuffled([], randomFrom(7)), [])
})

t.test('every contender comes first, and last, equally often', async (t) => {
  const random = randomFrom(3)
  const times = 6000
  const first = new Map<string, number>()
  const last = new Map<string, number>()
  for (let time = 0; time < times; time++) {
    const [one = '', , three = ''] = shuffled(['a', 'b', 'c'], random)
    first.set(one, (first.get(one) ?? 0) + 1)
    last.set(three, (last.get(three) ?? 0) + 1)
  }
  for (const count of [...first.values(), ...last.values()]) t.ok(Math.abs(count / times - 1 / 3) < 0.03)
  t.equal(first.size + last.size, 6)
})
