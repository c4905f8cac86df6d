import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { writeReport } from '../../bench/report/report.js'
import { fileNameOf, type Results, readAll, readResults, type Sample, writeResults } from '../../bench/runner/results.js'
import { complaints } from '../../bench/runner/smoke.js'

const good: Sample = { scenario: 'many', contender: 'linnet', pass: 0, rate: 1000, p50: 1, p99: 2, p999: 3, cpu: 8, rss: 1e7 }

t.test('results are read as they were written, with passes that a contender missed', async (t) => {
  const samples: Sample[] = [good, { ...good, pass: 2, rate: 1500 }, { scenario: 'start', contender: 'N1', pass: 0, import: 1.5 }]
  const results = { run: { seed: 1 }, samples, failures: [], missing: [], versions: {} } as unknown as Results
  const file = join(t.testdir(), 'results.json')
  await writeResults(file, results)
  const read = await readResults(file)
  t.same(
    read.samples.filter((sample) => Object.keys(sample).length > 3),
    samples,
  )
  t.equal(read.run.seed, 1)
})

t.test('results of newer versions of Node are read beside those of the oldest, in order', async (t) => {
  const folder = t.testdir()
  for (const node of ['v26.1.0', 'v20.20.2', 'v24.9.0']) {
    const results = {
      machine: { node, date: '2026-12-01T00:00' },
      run: { seed: 1, command: 'npm run bench' },
      samples: [good],
      failures: [],
      missing: [],
      versions: {},
    } as unknown as Results
    await writeResults(join(folder, fileNameOf(node)), results)
  }
  const { results, beside } = await readAll(folder)
  t.equal(results.machine.node, 'v20.20.2')
  t.same(
    beside.map(({ machine }) => machine.node),
    ['v24.9.0', 'v26.1.0'],
  )
  await writeReport(folder, results, beside)
  const table = await readFile(join(folder, 'results.md'), 'utf8')
  t.match(table, 'Beside it, in [results-node24.md](results-node24.md)')
  t.match(await readFile(join(folder, 'results-node26.md'), 'utf8'), 'Node v26.1.0')
  await t.rejects(readAll(t.testdir({ empty: {} })), { message: /run the benchmark first/ })
})

t.test('results of the benchmark that measured in rounds are refused, not misread', async (t) => {
  const file = join(t.testdir({ 'results.json': '{"run":{"rounds":5},"samples":[]}' }), 'results.json')
  await t.rejects(readResults(file), { message: /measured in rounds/ })
})

t.test('a smoke run reports impossible results, and nothing else', async (t) => {
  t.same(complaints({ samples: [good] }), [])
  t.same(complaints({ samples: [] }), ['nothing was measured'])
  const { cpu: _, ...without } = good
  t.same(complaints({ samples: [without] }), ['many, linnet: cpu is undefined'])
  t.same(complaints({ samples: [{ ...good, rate: 0 }] }), ['many, linnet: rate is 0'])
  t.same(complaints({ samples: [{ ...good, p99: 0.5 }] }), ['many, linnet: p50 is 1, p99 0.5 and p99.9 3'])
  t.same(complaints({ samples: [{ scenario: 'collections', contender: 'N3', pass: 0, collections: 0 }] }), [])
  t.same(complaints({ samples: [{ ...good, scenario: 'none' }] }), ['none, linnet: there is no such scenario'])
})
