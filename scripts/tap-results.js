// Parses the output of a test run: TAP version 14, with subtests by indentation. Other lines are skipped. Each assertion is counted
// once; a test is counted only if it has no assertions.

/**
 * The assertions of a TAP text: how many passed, and the failed and skipped ones in order, as `test > test > title`.
 *
 * @param {string} text
 * @returns {{ passed: number, failed: string[], skipped: string[] }}
 */
export function tapResults(text) {
  // By level of indentation: the test whose results are one level deeper, and its results so far.
  const tests = []
  const all = found()
  let diagnostics
  for (const line of text.split('\n')) {
    const indentation = /^ */.exec(line)[0]
    if (diagnostics !== undefined) {
      if (line === diagnostics) diagnostics = undefined
      continue
    }
    if (line.trim() === '---') {
      diagnostics = `${indentation}...`
      continue
    }
    const level = Math.floor(indentation.length / 4)
    const name = /^ *# Subtest: (.*)$/.exec(line)?.[1]
    if (name !== undefined) {
      close(tests, level, all)
      tests[level] = { name, inside: found() }
      continue
    }
    const [result, not, title = 'without a title'] = /^ *(not )?ok \d+(?: - (.*))?/.exec(line) ?? []
    if (result === undefined) continue
    const { inside } = tests[level] ?? { inside: found() }
    tests.length = Math.min(tests.length, level)
    const path = [...tests.map((test) => test?.name ?? '?'), title.replace(/ # time=\S+/, '')].join(' > ')
    if (isEmpty(inside) && / # (skip|todo)\b/i.test(title)) inside.skipped.push(path)
    else if (isEmpty(inside) && not === undefined) inside.passed++
    // Includes a test that failed although all its assertions passed: its process was killed, or ended with an error.
    else if (not !== undefined && inside.failed.length === 0) inside.failed.push(path)
    add(tests[level - 1]?.inside ?? all, inside)
  }
  // A run that was stopped has no results of its outer tests.
  close(tests, 0, all)
  return all
}

function found() {
  return { passed: 0, failed: [], skipped: [] }
}

function isEmpty({ passed, failed, skipped }) {
  return passed + failed.length + skipped.length === 0
}

function add(sum, { passed, failed, skipped }) {
  sum.passed += passed
  sum.failed.push(...failed)
  sum.skipped.push(...skipped)
}

/** Tests from this level on have no result. */
function close(tests, level, all) {
  while (tests.length > level) {
    const test = tests.pop()
    if (test !== undefined) add(tests.at(-1)?.inside ?? all, test.inside)
  }
}
