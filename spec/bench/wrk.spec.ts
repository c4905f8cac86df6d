import t from 'tap'
import { readReport } from '../../bench/runner/wrk.js'

const REPORT = `Running 1s test @ http://127.0.0.1:8888/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.40ms  436.22us   9.36ms   93.99%
    Req/Sec    11.50k     1.17k   12.57k    81.82%
  Latency Distribution
     50%  987.00us
     75%    1.40ms
     90%    1.56ms
     99%    3.25ms
  12576 requests in 1.10s, 1.80MB read
Requests/sec:  11432.65
Transfer/sec:      1.64MB
`

t.test('the report of wrk is read, with its times in microseconds', async (t) => {
  t.strictSame(readReport(REPORT), { requests: 12_576, rate: 11_432.65, p50: 987, p99: 3250 })
  t.equal(readReport(REPORT.replace('3.25ms', '1.02s')).p99, 1_020_000)
  t.equal(readReport(REPORT.replace('3.25ms', '1.50m')).p99, 90_000_000)
})

t.test('a run with failed requests, and a text that is no report, are errors', async (t) => {
  const errors = '  Socket errors: connect 0, read 5, write 0, timeout 0\n'
  t.throws(() => readReport(REPORT.replace('Requests/sec', `${errors}Requests/sec`)), { message: `wrk reports ${errors.trim()}` })
  t.throws(() => readReport(`${REPORT}  Non-2xx or 3xx responses: 7\n`), { message: 'wrk reports Non-2xx or 3xx responses: 7' })
  for (const wrong of ['', REPORT.replace('12576', '0'), REPORT.replace('    99%', '    98%'), REPORT.replace('3.25ms', '3.25h')]) {
    t.throws(() => readReport(wrong), /no report of wrk/)
  }
})
