import t from 'tap'
import { verdicts } from '../../bench/report/goals.js'
import type { Sample } from '../../bench/runner/results.js'
import { scenarios } from '../../bench/runner/scenarios.js'

const sample = (contender: string, rate: number): Sample => ({ scenario: 'framed-length', contender, pass: 0, rate })

t.test('a goal is for a contender of its scenario, and a ratio is to another one of it', async (t) => {
  for (const { goal } of verdicts({ samples: [] })) {
    const taking = scenarios.find(({ name }) => name === goal.scenario)?.contenders ?? []
    for (const id of [goal.contender, goal.against ?? goal.contender]) t.ok(taking.includes(id), `${goal.scenario} ${id}`)
  }
})

t.test('a goal for framed messages is judged by the ratios of its own scenario, and one that was not measured is not judged', async (t) => {
  const reached = (length: number): (boolean | undefined)[] => {
    const samples = [sample('N3-length', 100), sample('linnet-length', length)]
    const all = verdicts({ samples }).filter(({ goal }) => goal.scenario === 'framed-length')
    return all.map(({ reached }) => reached)
  }
  t.strictSame(reached(45), [true, undefined])
  t.strictSame(reached(35), [false, undefined])
})
