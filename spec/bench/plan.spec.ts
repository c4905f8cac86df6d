import { join } from 'node:path'
import t from 'tap'
import { type Contender, contenders } from '../../bench/runner/contenders.js'
import { readOptions } from '../../bench/runner/options.js'
import { namesIn, planOf, secondsOf } from '../../bench/runner/plan.js'
import type { Results } from '../../bench/runner/results.js'
import { scenarios } from '../../bench/runner/scenarios.js'

const whole = { mode: 'whole', contenders: undefined, against: undefined } as const
const scale = { warmth: 1, length: 1, idleConnections: 5000, mostConnections: 10_000, settle: 300 }
const byId = new Map(contenders.map((contender) => [contender.id, contender]))

/** As `planOf` has them, with everything installed. */
function secondsOfWhole(options: Parameters<typeof namesIn>[0]): number {
  return scenarios.reduce((sum, scenario) => {
    const ids = namesIn(options, scenario)
    const twice = options.against === undefined ? [] : ids.filter((id) => byId.get(id)?.group === 'linnet').map((id) => `${id}@before`)
    return sum + secondsOf(scale, scenario, [...ids, ...twice], scenario.passes)
  }, 0)
}

t.test('a whole run takes at most fifteen minutes, with all contenders or against another checkout', async (t) => {
  t.ok(secondsOfWhole(whole) < 900, `${secondsOfWhole(whole)} s`)
  const against = { ...whole, against: '.' }
  t.ok(secondsOfWhole(against) < 900, `${secondsOfWhole(against)} s`)
})

t.test('every scenario has a name of its own, and is compared with one that takes part in it', async (t) => {
  t.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length)
  for (const { name, contenders: all, reference, quick } of scenarios) {
    t.ok(all.includes(reference), `${name} has its reference`)
    t.ok(
      all.every((id) => byId.has(id)),
      `${name} has contenders that exist`,
    )
    t.ok(
      quick.every((id) => all.includes(id)),
      `${name}, quick`,
    )
  }
})

t.test('a contender that is named takes part with the reference, and only in the scenarios that have it', async (t) => {
  const named = { ...whole, contenders: [byId.get('linnet-lines') as Contender] }
  const taking = new Map(scenarios.map((scenario) => [scenario.name, namesIn(named, scenario)]))
  t.same(taking.get('many'), ['linnet-lines', 'N3'])
  t.same(taking.get('churn'), ['linnet-lines', 'N1'])
  t.same(taking.get('connections-4'), [])
})

t.test('a smoke run has two contenders in every scenario', async (t) => {
  for (const scenario of scenarios) t.equal(namesIn({ ...whole, mode: 'smoke' }, scenario).length, 2, scenario.name)
})

t.test('a checkout without an entry point has no contender that needs it, and the run reports that', async (t) => {
  const exports = { '.': { default: './dist/index.js' } }
  const folder = t.testdir({ 'package.json': JSON.stringify({ name: 'linnet', exports }), dist: { 'index.js': '' } })
  const results = { missing: [], versions: {} } as unknown as Results
  const options = readOptions(['--against', folder, '--only', 'pipelined', '--contenders', 'linnet,linnet-framed'])
  const [step] = await planOf(options, results)
  const ids = step?.entrants.map(({ contender }) => contender.id)
  t.strictSame(ids, ['linnet', 'linnet@before', 'linnet-framed', 'N3'])
  t.equal(step?.entrants[1]?.env['LINNET_BENCH_LIBRARY'], join(folder, 'dist/index.js'))
  t.match(results.missing, [{ what: 'before: linnet framed(lines())', how: /\.\/framing/ }])
})
