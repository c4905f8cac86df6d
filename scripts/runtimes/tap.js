// Replaces `tap` on runtimes where tap does not run (Bun, Deno): the part of its API that the specs use, with the same comparisons
// (tcompare, a package of tap) and the same output (TAP version 14). A time-out, an uncaught exception and an unhandled rejection fail
// the test that is running.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { match, same, strict } from 'tcompare'

// Tests take seconds; a busy machine needs more.
const LONGEST = Number(process.env.LINNET_TEST_TIMEOUT ?? 60_000)

// Stored before a test replaces them.
const { setTimeout, clearTimeout } = globalThis

/** Beginnings of titles of outermost tests that are skipped, one a line: they would end the process, or never end. */
const leftOut = (process.env.LINNET_LEFT_OUT ?? '').split('\n').filter((title) => title !== '')

/** The tests whose functions are running, the innermost last. */
const running = []

class Test {
  name
  jobs = 1
  /** Whether no assertion in it has failed. */
  good = true
  #parent
  #lines = []
  #count = 0
  #waiting = []
  #active = 0
  #idle = []
  #beforeEach = []
  #teardowns = []
  #timeout
  #timer
  /** Ends the wait for its function. */
  #giveUp = () => {}
  #over = false

  constructor(name, parent, timeout = LONGEST) {
    this.name = name
    this.#parent = parent
    this.#timeout = timeout
  }

  // --- tests in tests ------------------------------------------------------------------------------------------------

  test(name, ...rest) {
    const body = rest.pop()
    const { timeout, skip } = rest[0] ?? {}
    return new Promise((resolve) => {
      this.#waiting.push(async () => {
        if (skip || (this.#parent === undefined && leftOut.some((title) => name.startsWith(title))))
          this.#result(true, `${name} # SKIP ${skip || 'left out here'}`)
        else await this.#run(new Test(name, this, timeout), body)
        resolve()
      })
      this.#next()
    })
  }

  // One after another; with `jobs`, several in parallel.
  #next() {
    while (this.#active < this.jobs && this.#waiting.length > 0) {
      const start = this.#waiting.shift()
      this.#active++
      void start().then(() => {
        this.#active--
        this.#next()
        if (this.#active === 0) for (const resolve of this.#idle.splice(0)) resolve()
      })
    }
  }

  async #run(test, body) {
    running.push(test)
    await test.#runs(body)
    running.splice(running.indexOf(test), 1)
    this.#lines.push(`# Subtest: ${escaped(test.name)}`, ...test.#lines.map((line) => `    ${line}`), `    1..${test.#count}`)
    this.#result(test.good, test.name)
    if (this.#parent === undefined) this.print()
  }

  async #runs(body) {
    const late = new Promise((resolve) => {
      this.#giveUp = resolve
    })
    this.setTimeout(this.#timeout)
    const done = (async () => {
      for (const prepare of this.#parent.#beforeEach) await prepare(this)
      await body(this)
      await this.idle()
    })()
    await Promise.race([done, late]).catch((error) => this.failedWith(error))
    clearTimeout(this.#timer)
    await this.close()
  }

  /** Resolves when no subtest waits or runs. */
  async idle() {
    while (this.#active > 0 || this.#waiting.length > 0) await new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Runs its teardown functions in reverse order. */
  async close() {
    this.#over = true
    this.#waiting.length = 0
    for (const teardown of this.#teardowns.splice(0).reverse()) {
      let timer
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('a teardown did not end')), 10_000)
      })
      try {
        await Promise.race([teardown(), late])
      } catch (error) {
        this.failedWith(error)
      } finally {
        clearTimeout(timer)
      }
    }
  }

  /** Unlike tap, not for the tests in its tests: no spec needs that. */
  beforeEach(prepare) {
    this.#beforeEach.push(prepare)
  }

  teardown(...functions) {
    this.#teardowns.push(...functions)
  }

  setTimeout(ms) {
    if (this.#parent === undefined) return
    clearTimeout(this.#timer)
    if (ms <= 0) return
    this.#timer = setTimeout(() => {
      this.#result(false, 'timeout!')
      this.#giveUp()
    }, ms)
  }

  /** Ends it with this failure. */
  failedWith(error) {
    this.#result(false, error?.message ?? String(error), error?.stack)
    this.#giveUp()
  }

  // --- results -------------------------------------------------------------------------------------------------------

  /** Prints the results that are complete. */
  print() {
    if (this.#lines.length > 0) process.stdout.write(`${this.#lines.splice(0).join('\n')}\n`)
  }

  get count() {
    return this.#count
  }

  #result(ok, title, details) {
    this.#count++
    if (!ok) this.#fails()
    this.#lines.push(`${ok ? 'ok' : 'not ok'} ${this.#count} - ${escaped(title)}`)
    if (!ok && details)
      this.#lines.push(
        '  ---',
        ...String(details)
          .split('\n')
          .map((line) => `  ${line}`),
        '  ...',
      )
    return ok
  }

  #fails() {
    this.good = false
    process.exitCode = 1
  }

  #assert(ok, title, details) {
    if (!this.#over || this.#parent === undefined) return this.#result(ok, title, details)
    // As in tap, a late assertion is an error.
    return top.#result(false, `after the end of ${this.name}: ${title}`)
  }

  pass(title = '(unnamed test)') {
    return this.#assert(true, title)
  }

  fail(title = '(unnamed test)') {
    return this.#assert(false, title, new Error(title).stack)
  }

  comment() {}

  end() {}

  // --- assertions ----------------------------------------------------------------------------------------------------

  ok(value, title = 'should be truthy') {
    return this.#assert(Boolean(value), title, located(value))
  }

  notOk(value, title = 'should be falsy') {
    return this.#assert(!value, title, located(value))
  }

  equal(found, wanted, title = 'should be equal') {
    return this.#assert(found === wanted, title, compared(strict(found, wanted).diff || located(found)))
  }

  not(found, wanted, title = 'should not be equal') {
    return this.#assert(found !== wanted, title, located(found))
  }

  same(found, wanted, title = 'should be equivalent') {
    return this.#compared(same(found, wanted), title)
  }

  notSame(found, wanted, title = 'should not be equivalent') {
    return this.#assert(!same(found, wanted).match, title, located(found))
  }

  strictSame(found, wanted, title = 'should be equivalent strictly') {
    return this.#compared(strict(found, wanted), title)
  }

  match(found, wanted, title = 'should match pattern') {
    return this.#compared(match(found, wanted), title)
  }

  notMatch(found, wanted, title = 'should not match pattern') {
    return this.#assert(!match(found, wanted).match, title, located(found))
  }

  #compared({ match: ok, diff }, title) {
    return this.#assert(ok, title, compared(diff))
  }

  type(value, wanted, title = `type is ${wanted.name ?? wanted}`) {
    return this.#assert(typeof wanted === 'function' ? value instanceof wanted : typeof value === wanted, title, located(value))
  }

  throws(body, ...rest) {
    try {
      body()
    } catch (error) {
      return this.#expected(error, rest, 'expected to throw')
    }
    return this.#assert(false, titleOf(rest) ?? 'expected to throw', located(undefined))
  }

  doesNotThrow(body, title = 'expected to not throw') {
    try {
      body()
    } catch (error) {
      return this.#assert(false, title, error?.stack)
    }
    return this.#assert(true, title)
  }

  async rejects(promise, ...rest) {
    let value
    try {
      value = await (typeof promise === 'function' ? promise() : promise)
    } catch (error) {
      return this.#expected(error, rest, 'expected to reject')
    }
    return this.#assert(false, titleOf(rest) ?? 'expected to reject', located(value))
  }

  #expected(error, rest, title) {
    const wanted = typeof rest[0] === 'string' ? undefined : rest[0]
    const found = wanted instanceof RegExp ? error.message : error
    const ok =
      wanted === undefined ? this.#assert(true, titleOf(rest) ?? title) : this.#compared(match(found, wanted), titleOf(rest) ?? title)
    return ok && error
  }

  // --- tools ---------------------------------------------------------------------------------------------------------

  /** Replaces a method until the test has ended; returns the function that records the calls. */
  capture(object, name, replacement = () => {}) {
    const own = Object.getOwnPropertyDescriptor(object, name)
    const calls = []
    const restore = () => {
      if (own === undefined) delete object[name]
      else Object.defineProperty(object, name, own)
    }
    object[name] = function (...args) {
      const returned = Reflect.apply(replacement, this, args)
      calls.push({ receiver: this, args, returned })
      return returned
    }
    this.teardown(restore)
    return Object.assign(() => calls.splice(0), { restore, args: () => calls.splice(0).map(({ args }) => args) })
  }

  /** Makes a directory with these files, which is removed when the test has ended. */
  testdir(files = {}) {
    const directory = mkdtempSync(join(tmpdir(), 'linnet-test-'))
    this.teardown(() => rmSync(directory, { recursive: true, force: true }))
    const write = (where, entries) => {
      for (const [name, content] of Object.entries(entries)) {
        if (typeof content === 'string' || ArrayBuffer.isView(content)) writeFileSync(join(where, name), content)
        else {
          mkdirSync(join(where, name))
          write(join(where, name), content)
        }
      }
    }
    write(directory, files)
    return directory
  }
}

function titleOf(rest) {
  return rest.find((each) => typeof each === 'string')
}

function compared(diff) {
  return `${diff ?? ''}\n${new Error('here').stack}`
}

function located(found) {
  return `found: ${typeof found === 'object' && found !== null ? Object.prototype.toString.call(found) : String(found)}\n${new Error('here').stack}`
}

function escaped(title) {
  const [text, ...directive] = String(title).split(/(?= # SKIP )/)
  return text.replace(/[#\\]/g, '\\$&').replaceAll('\n', ' ') + directive.join('')
}

// --- the whole file ----------------------------------------------------------------------------------------------------

const top = new Test('the file')

// A file has no explicit end: it has ended when no test has started for a while. The end of the process cannot be awaited, because it
// may depend on the teardown of the file.
let timer
async function closed() {
  await top.idle()
  await top.close()
  top.print()
}
function mayHaveEnded() {
  clearTimeout(timer)
  timer = setTimeout(closed, 200)
}
const test = top.test.bind(top)
top.test = async (...args) => {
  await test(...args)
  mayHaveEnded()
}

for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    ;(running.at(-1) ?? top).failedWith(error)
    top.print()
    // The file itself may have stopped, before its first test.
    if (running.length === 0) mayHaveEnded()
  })
}

process.on('exit', () => {
  if (running.length > 0) top.failedWith(new Error(`test unfinished: ${running.map(({ name }) => name).join(' > ')}`))
  top.print()
  process.stdout.write(`1..${top.count}\n`)
})
process.stdout.write('TAP version 14\n')

export default top
