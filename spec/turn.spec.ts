// One turn of the event loop: the bytes that the kernel holds at its start have arrived at its end.

import { spawnSync } from 'node:child_process'
import net from 'node:net'
import t from 'tap'
import { afterManyImmediates, afterTurn, afterTwoImmediates } from '../lib/turn.js'
import { within } from './support/wait.js'

const kinds = { 'the turn of this runtime': afterTurn, 'many immediates': afterManyImmediates, 'two immediates': afterTwoImmediates }

for (const [name, after] of Object.entries(kinds)) {
  // On Deno the loop does not poll between two immediates: that is why there is another kind.
  const skip = after === afterTwoImmediates && after !== afterTurn && 'not the turn of this runtime'
  t.test(`bytes in the kernel have arrived after ${name}`, { skip }, async (t) => {
    // The other end is another process, so that its bytes arrive while this one is blocked.
    const far = net.createServer().listen(0, '127.0.0.1')
    t.teardown(() => far.close())
    await new Promise((resolve) => far.once('listening', resolve))
    const accepted = new Promise<net.Socket>((resolve) => far.once('connection', resolve))
    const { port } = far.address() as net.AddressInfo
    const speaker = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo hello >&3; sleep 0.2`
    t.equal(spawnSync('bash', ['-c', speaker]).status, 0)
    const socket = await within(accepted)
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk
    })
    await new Promise<void>((resolve) => after(resolve))
    t.equal(seen, 'hello\n')
    socket.destroy()
  })
}
