// When zod is loaded, and which of its builds. Each case is a process of its own, since what is loaded stays loaded.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { connectionSettings, loadZod } from '../../lib/options/index.js'
import { once, prepareZod, zod } from '../../lib/options/zod.js'

const run = promisify(execFile)

// What a case may ask. Both builds of zod leave their registry on `globalThis`; only the CommonJS one is in the cache of
// `require`. `checks` is true where a check passes what fits, and says by its path what does not.
const prelude = `
  import { createRequire } from 'node:module'
  const room = await import(${JSON.stringify(new URL('../../lib/options/index.js', import.meta.url).href)})
  const door = await import(${JSON.stringify(new URL('../../lib/options/zod.js', import.meta.url).href)})
  const { cache } = createRequire(import.meta.url)
  const inCache = () => Object.keys(cache).some((file) => /[\\\\/]zod[\\\\/]/.test(file))
  const zodIs = () => ('__zod_globalRegistry' in globalThis ? (inCache() ? 'required' : 'imported') : 'absent')
  const checks = () => {
    try {
      room.listenPlan({ endpoints: [{ port: 80 }, { prot: 80 }], closeTimeout: 2 ** 40 })
    } catch ({ issues }) {
      return room.connectionSettings({ idleTimeout: 2 ** 40 }).limits.idleTimeout === Infinity && issues[0].path.join('.') === 'endpoints.1.prot'
    }
  }
`

/** The values of these expressions, one after the other, in a process that has just imported the room. */
async function inFreshProcess(...expressions: string[]): Promise<unknown[]> {
  const code = `${prelude} const values = []
    ${expressions.map((expression) => `values.push(await (${expression}))`).join('\n')}
    console.log(JSON.stringify(values))`
  const { stdout } = await run(process.execPath, [...process.execArgv, '--input-type=module', '--eval', code])
  return JSON.parse(stdout)
}

t.test('importing the room loads no zod, nor does reading a default; the first check does', async (t) => {
  const defaults = 'room.defaultSettings.limits.maxBufferSize + room.closeGrace(undefined)'
  const values = await inFreshProcess('zodIs()', defaults, 'zodIs()', 'checks()', 'zodIs()')
  t.strictSame(values, ['absent', 1_048_576 + 10_000, 'absent', true, 'required'])
})

t.test('who can wait has it imported, and the checks that follow require nothing', async (t) => {
  const same = "import('zod/mini').then((program) => program === door.zod())"
  const values = await inFreshProcess('room.loadZod().then(zodIs)', 'checks()', same, 'room.loadZod().then(zodIs)')
  t.strictSame(values, ['imported', true, true, 'imported'])
})

t.test('it is required where it can be, and imported where a bundle has nothing to require', async (t) => {
  t.strictSame(await inFreshProcess('door.prepareZod().then(zodIs)', 'checks()'), ['required', true])
  const bundled = "door.prepareZod(() => { throw new Error('nothing to require') }).then(zodIs)"
  t.strictSame(await inFreshProcess(bundled, 'checks()', 'zodIs()'), ['imported', true, 'imported'])
  let asked = 0
  await prepareZod(() => {
    asked++
    throw new Error('nothing to require')
  })
  t.equal(asked, 1)
})

t.test('after a check that did not wait, loading it changes nothing', async (t) => {
  const load = 'room.loadZod().then(() => globalThis.first === door.zod())'
  const values = await inFreshProcess('checks()', '(globalThis.first = door.zod()) !== undefined', load, 'checks()', 'zodIs()')
  t.strictSame(values, [true, true, true, true, 'required'])
})

t.test('a check that comes while it is being imported does not wait, and its zod stays', async (t) => {
  const pending = loadZod()
  connectionSettings({ noDelay: true })
  const first = zod()
  await pending
  t.equal(zod(), first)
  await loadZod()
  t.equal(zod(), first)
  t.strictSame(connectionSettings({ noDelay: false }).noDelay, false)
})

t.test('what is made once is made on the first call, and a failure is not kept', async (t) => {
  let calls = 0
  const thing = once(() => {
    if (calls++ === 0) throw new Error('mine')
    return {}
  })
  t.equal(calls, 0)
  t.throws(thing, { message: 'mine' })
  t.equal(thing(), thing())
  t.equal(calls, 2)
})
