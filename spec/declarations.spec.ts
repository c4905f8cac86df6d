// dist/*.d.ts, the types that a program sees: they stand for themselves, under each way in which TypeScript finds modules.
// More compilers, and the code of the documentation, are tried by scripts/check-consumer.js.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from './support/program.js'

const shared = readFileSync(join(root, 'dist/shared.d.ts'), 'utf8')

// Within the package, which so finds itself by its name, and its development packages.
const folder = mkdtempSync(join(root, 'build/declarations-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const files = {
  'events.ts': `
    import { once } from 'node:events'
    import { Connection, listen, Server, type CloseInfo } from 'linnet'
    const server = await listen()
    server.on('disconnect', ({ remote }, { by, duration }) => console.log(remote.address, by, duration.toFixed()))
    server.off('drop', ({ reason }) => reason satisfies string).once('close', () => {}).setMaxListeners(20)
    server.emit('disconnect', await server.accept() as Connection, {} as CloseInfo)
    void once(server, 'close')
    for await (const connection of server) connection.run((connection) => connection.write('hello'))
    // @ts-expect-error there is no such event
    server.on('error', () => {})
    // @ts-expect-error a listener of this event takes something else
    server.on('drop', (text: string) => {})
    // @ts-expect-error the library makes connections
    new Connection()
    // @ts-expect-error and servers
    new Server()
    `,
  'testing.ts': `
    import { Connection, type Handler } from 'linnet'
    import { checkConnection, manualClock, memoryServer, pair } from 'linnet/testing'
    const echo: Handler = async (connection) => { await connection.write(await connection.readUntil('\\n')) }
    const sides: [Connection, Connection] = pair({ clock: manualClock() })
    void sides[1].run(echo)
    void memoryServer().server.serve(echo)
    void checkConnection(() => pair())
    `,
  'framing.ts': `
    import type { Connection, Reader } from 'linnet'
    import { type Codec, type Framed, type StandardSchemaV1, delimited, framed, json, lengthPrefixed, lines, netstring } from 'linnet/framing'
    import * as z from 'zod'
    declare const connection: Connection
    type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
    const same = <A, B>(is: Same<A, B>): boolean => is
    const Order = z.object({ item: z.string(), at: z.string().transform((text) => new Date(text)), count: z.number().optional() })
    const orders = framed(connection, json(lengthPrefixed({ bytes: 4 }), Order))
    for await (const order of orders) same<typeof order, z.output<typeof Order>>(true)
    for await (const { item, at, count } of orders) {
      same<typeof item, string>(true)
      same<typeof at, Date>(true)
      same<typeof count, number | undefined>(true)
    }
    const order = await orders.read({ timeout: 5 })
    same<typeof order, z.output<typeof Order>>(true)
    await orders.write({ item: 'tea', at: '2026-11-30' })
    // @ts-expect-error the schema's input has text
    await orders.write({ item: 'tea', at: new Date() })
    // @ts-expect-error a member is missing
    await orders.write({ item: 'tea' })
    // @ts-expect-error there is no such option
    await orders.read({ encoding: 'utf8' })
    same<typeof orders, Framed<z.output<typeof Order>, z.input<typeof Order>>>(true)
    const values = framed(connection, json(lines()))
    const value = await values.read()
    same<typeof value, unknown>(true)
    await values.write({ a: [1] })
    const texts = framed(connection, lines())
    const text = await texts.read()
    same<typeof text, string>(true)
    // @ts-expect-error lines are text
    await texts.write(Buffer.from('x'))
    const blobs = framed(connection, netstring({ maxBytes: 5 }))
    const blob = await blobs.read()
    same<typeof blob, Buffer>(true)
    await blobs.write('text')
    await blobs.write(new Uint8Array(1))
    // @ts-expect-error no number
    await blobs.write(5)
    const same2: Connection = blobs.connection
    // @ts-expect-error a length has 1, 2, 3, 4 or 8 bytes
    lengthPrefixed({ bytes: 5 })
    // @ts-expect-error its size has to be given
    lengthPrefixed()
    // @ts-expect-error a frame is written with one delimiter
    delimited(['a', 'b'])
    // @ts-expect-error no schema
    json(lines(), { parse: () => 1 })
    // @ts-expect-error JSON in JSON is no text
    json(json(lines()))
    interface Event { type: number; body: Buffer }
    const events: Codec<Event, { type: number; body: string }> = {
      async read(reader: Reader) {
        const [type = 0] = await reader.readExactly(1)
        return { type, body: await reader.readUntil('\\0') }
      },
      tryRead: (reader) => undefined,
      encode: ({ type, body }) => [Uint8Array.of(type), body, '\\0'],
    }
    for await (const event of framed(connection, events)) same<typeof event, Event>(true)
    // @ts-expect-error a body is written as text
    await framed(connection, events).write({ type: 1, body: Buffer.from('x') })
    const own: StandardSchemaV1<string, number> = { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value: Number(value) }) } }
    const numbers = framed(connection, json(lines(), own))
    const number = await numbers.read()
    same<typeof number, number>(true)
    await numbers.write('5')
    // @ts-expect-error the schema takes text
    await numbers.write(5)
    `,
  'inlined.d.ts': `${shared}\nexport { TypedEventEmitter }`,
  'emitter.ts': `
    import type Theirs from 'typed-emitter'
    import type { ServerEvents, TypedEventEmitter as Ours } from './inlined.js'
    export const ours = (theirs: Theirs<ServerEvents>): Ours<ServerEvents> => theirs
    export const theirs = (ours: Ours<ServerEvents>): Theirs<ServerEvents> => ours
    export const names = (name: keyof Ours<ServerEvents>): keyof Theirs<ServerEvents> => name
    export const back = (name: keyof Theirs<ServerEvents>): keyof Ours<ServerEvents> => name
    `,
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)

const ways = {
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  preserve: { module: ts.ModuleKind.Preserve },
  nodenext: { module: ts.ModuleKind.NodeNext },
}

const parsed = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says of these files. Not of the declarations that they come upon: scripts/check-consumer.js asks for that. */
function complaints(names: readonly string[], way: keyof typeof ways): string {
  const options: ts.CompilerOptions = {
    ...ways[way],
    ...{ target: ts.ScriptTarget.ES2023, lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'], types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, noEmit: true },
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getCurrentDirectory = () => folder
  host.getSourceFile = (name, how, ...rest) => {
    const key = `${name} ${typeof how === 'object' ? how.impliedNodeFormat : ''}`
    if (!parsed.has(key)) parsed.set(key, read(name, how, ...rest))
    return parsed.get(key)
  }
  const program = ts.createProgram({ rootNames: names.map((name) => join(folder, name)), options, host })
  const found = ts.getPreEmitDiagnostics(program)
  return ts.formatDiagnostics(found, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' })
}

for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
  t.test(`events, iteration, the testing kit and framing are typed under ${way}, and no constructor is offered`, async (t) => {
    t.equal(complaints(['events.ts', 'testing.ts', 'framing.ts'], way), '')
  })
}

t.test('the declared emitter and that of typed-emitter are assignable to each other', async (t) => {
  t.equal(complaints(['emitter.ts'], 'preserve'), '')
})

t.test('the declarations import the types of Node first, and no other package', async (t) => {
  t.match(shared, /^\/\/\/ <reference types="node"/)
  const imported = Array.from(shared.matchAll(/(?:from |import\()["']([^"']+)["']/g), ([, name = '']) => name)
  t.ok(imported.length > 3)
  t.strictSame(
    imported.filter((name) => !name.startsWith('node:')),
    [],
  )
})

t.test('nothing that is internal is declared', async (t) => {
  t.notMatch(shared, /@internal|ConnectionCore|ServerCore|Inbox|Lease|Zod/)
})

t.test('all entry points export from one file, so that a class is the same in all', async (t) => {
  for (const name of ['index', 'framing', 'testing'])
    t.match(readFileSync(join(root, `dist/${name}.d.ts`), 'utf8'), /^export \{[^}]*\} from '.\/shared.js'\n$/)
})
