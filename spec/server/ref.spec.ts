// The listeners of a server keep the process alive unless they are unreferenced, and open connections do too.

import t from 'tap'
import { program } from '../support/program.js'
import { inMemory } from './support.js'

t.test('a listening server keeps the process alive until it is closed', async (t) => {
  const run = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
     setTimeout(async () => { console.log('still here'); await server.close() }, 200).unref()
     for await (const connection of server) connection.run(async () => {})
     console.log('done')`,
  )
  t.equal(await run.ends(), 0)
  t.equal(run.stdout, 'still here\ndone\n')
})

t.test('an unreferenced server does not keep the process alive, whenever its endpoints were added', async (t) => {
  const run = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
     await server.add({ port: 0, host: '127.0.0.2' })
     console.log(server.unref() === server)
     await server.add({ port: 0, host: '127.0.0.3' })
     server.serve(async () => {})
     console.log(server.addresses.length)`,
  )
  t.equal(await run.ends(), 0)
  t.equal(run.stdout, 'true\n3\n')
})

t.test('after ref a server keeps the process alive again, with the added endpoints', async (t) => {
  const run = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
     server.unref()
     await server.add({ port: 0, host: '127.0.0.3' })
     console.log(server.ref() === server)
     setTimeout(() => { console.log('still here'); process.exit(3) }, 200).unref()`,
  )
  t.equal(await run.ends(), 3)
  t.equal(run.stdout, 'true\nstill here\n')
})

t.test('an unreferenced server still serves, and an open connection keeps the process alive', async (t) => {
  const run = program(
    t,
    `const server = (await linnet.listen({ port: 0, host: '127.0.0.1' })).unref()
     server.serve(async (connection) => {
       await connection.write(await connection.readUntil('\\n'))
     })
     const client = (await import('node:net')).connect(server.port, '127.0.0.1')
     client.on('data', (data) => console.log(String(data))).end('hello\\n')
     process.on('exit', () => console.log(JSON.stringify(server.stats())))`,
  )
  t.equal(await run.ends(), 0)
  t.match(run.stdout, /^hello\n\n\{"active":0,"pending":0,"accepted":1,/)
})

t.test('the time limits of a connection keep the process alive only while it is open', async (t) => {
  const run = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1', idleTimeout: 60_000, readTimeout: 60_000 })
     const served = server.serve(async (connection) => { for await (const line of connection.lines()) await connection.write(line + '\\n') })
     const { connect } = await import('node:net')
     const client = connect({ port: server.port, host: '127.0.0.1' })
     client.once('data', async () => {
       console.log(JSON.stringify(await server.close()))
       await served
     })
     client.on('end', () => client.end()).write('hello\\n')`,
  )
  t.equal(await run.ends(), 0)
  t.equal(run.stdout, '{"drained":1,"aborted":0}\n')
})

t.test('ref and unref work on a server in memory, and on a closed one', async (t) => {
  const { server } = inMemory(t)
  t.equal(server.unref().ref().unref(), server)
  const listeners = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
  await server.add({ port: 0, host: '127.0.0.1' })
  t.equal(listeners(), 0, 'an added one keeps nothing alive')
  server.ref()
  t.equal(listeners(), 1)
  await server.close()
  t.equal(server.ref().unref(), server)
})
