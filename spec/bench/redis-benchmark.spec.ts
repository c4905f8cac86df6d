import t from 'tap'
import { readCsv } from '../../bench/runner/redis-benchmark.js'

const REPORT = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"SET","83333.34","0.360","0.112","0.343","0.487","0.655","1.015"
"GET","90909.09","0.300","0.100","0.303","0.400","0.500","0.900"
`

t.test('the report of redis-benchmark is read, with its times in microseconds', async (t) => {
  t.strictSame(readCsv(REPORT), [
    { name: 'SET', rate: 83_333.34, p50: 343, p99: 655 },
    { name: 'GET', rate: 90_909.09, p50: 303, p99: 500 },
  ])
})

t.test('a text that is no report is an error', async (t) => {
  for (const wrong of ['', REPORT.split('\n')[0] as string, REPORT.replace('"rps"', '"other"'), REPORT.replace('83333.34', '0')]) {
    t.throws(() => readCsv(wrong), /no report of redis-benchmark/)
  }
})
