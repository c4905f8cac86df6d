// scripts/failures.js: the list of failed assertions with their files, and of code that no test reached.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../support/program.js'

/** The lines that the script prints for these files. */
function listed(t: Test, tap: string, lcov?: string): string[] {
  const folder = t.testdir({ 'tests.tap': tap, ...(lcov !== undefined && { 'lcov.info': lcov }) })
  const script = join(root, 'scripts/failures.js')
  const output = execFileSync(process.execPath, [script, join(folder, 'tests.tap'), join(folder, 'lcov.info')], { encoding: 'utf8' })
  return output.split('\n').filter((line) => line !== '')
}

const whole = `
> linnet@1.0.0 test
TAP version 14
1..3
# Subtest: build/spec/good.spec.js
    ok 1 - it holds
    1..1
ok 1 - build/spec/good.spec.js # time=5ms
# Subtest: build/spec/bad.spec.js
    # Subtest: a group
        ok 1 - should be equal
        not ok 2 - one is two
          ---
          diff: |
            not ok 7 - a line of a text
          ...
        # Subtest: inner
            not ok 1 - it is deep
            1..1
        not ok 3 - inner # time=1.5ms
        1..3
    not ok 1 - a group # time=2ms
      ---
      at: here
      ...
    ok 2 - later # SKIP not here
    not ok 3 - some day # TODO
    1..3
not ok 2 - build/spec/bad.spec.js # time=2ms
# Subtest: build/spec/killed.spec.js
    ok 1 - it holds
not ok 3 - build/spec/killed.spec.js # time=2ms
# { total: 8, pass: 3, fail: 3, skip: 1, todo: 1 }
`

t.test('each failed assertion is listed once, with its file and its tests', async (t) => {
  t.same(listed(t, whole), [
    'not ok: build/spec/bad.spec.js > a group > one is two',
    'not ok: build/spec/bad.spec.js > a group > inner > it is deep',
    'not ok: build/spec/killed.spec.js',
  ])
})

t.test('failures before the point where a run was cut short are listed', async (t) => {
  const cut = whole.slice(0, whole.indexOf('        not ok 3 - inner'))
  t.same(listed(t, cut), [
    'not ok: build/spec/bad.spec.js > a group > one is two',
    'not ok: build/spec/bad.spec.js > a group > inner > it is deep',
  ])
})

t.test('a run in which all passed lists nothing', async (t) => {
  t.same(listed(t, 'TAP version 14\nok 1 - build/spec/good.spec.js\n1..1\n'), [])
})

t.test('lines, functions and branches that no test reached are listed by file', async (t) => {
  const reached = 'TN:\nSF:lib/all.ts\nFNDA:1,all\nDA:1,1\nBRDA:1,0,0,2\nend_of_record\n'
  const missed = 'TN:\nSF:lib/some.ts\nFNDA:0,f\nDA:1,1\nDA:2,0\nDA:3,0\nDA:7,0\nBRDA:9,0,0,0\nBRDA:9,0,1,-\nend_of_record\n'
  t.same(listed(t, 'ok 1 - it holds\n', reached + missed), ['not covered: lib/some.ts: lines 2-3, 7; functions f; branches in lines 9'])
})
