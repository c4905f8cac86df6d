// One attempt to connect: its header is sent first, it is never connected to itself, and it has the addresses of a peer that
// has left.

import { Socket } from 'node:net'
import t from 'tap'
import { addressesAt, type DialOptions, dial } from '../../lib/client/dial.js'
import type { SocketCarrier } from '../../lib/transport/socket.js'
import { socketPath } from '../support/fixture.js'
import { pattern, rejection, turns, until } from '../support/wait.js'
import { closedPort, held, nothingLeft, rawServer } from './support.js'

const options: DialOptions = { noDelay: true, keepAlive: false, keepAliveInitialDelay: 0 }
const at = (port: number, local: { localAddress?: string; localPort?: number } = {}) =>
  ({ kind: 'tcp', address: '127.0.0.1', port, localAddress: undefined, localPort: undefined, ...local }) as const

t.test('the header is sent before all other bytes, whatever its size', async (t) => {
  for (const size of [1, 300_000]) {
    for (const place of ['tcp', 'unix'] as const) {
      const heard: Buffer[] = []
      const path = socketPath()
      const raw = await rawServer(t, place === 'tcp' ? {} : { path }, (socket) => socket.on('data', (data: Buffer) => heard.push(data)))
      const header = pattern(size)
      const carrier = await dial(place === 'tcp' ? at(raw.port) : { kind: 'unix', path }, { ...options, header }).done
      let finished = false
      carrier.attach({ data() {}, end() {}, sent() {}, finished: () => (finished = true), lost() {} })
      carrier.resume()
      carrier.write(Buffer.from('and then this'))
      await until(() => Buffer.concat(heard).length === size + 13)
      carrier.end()
      await until(() => finished)
      t.ok(Buffer.concat(heard).equals(Buffer.concat([header, Buffer.from('and then this')])), `${size} bytes over ${place}`)
      carrier.reset()
    }
  }
})

t.test('a socket that is connected to itself is refused', async (t) => {
  const port = await closedPort()
  const before = await held()
  const error = await rejection(dial(at(port, { localAddress: '127.0.0.1', localPort: port }), options).done)
  t.match(error, { code: 'ECONNREFUSED', syscall: 'connect' })
  await nothingLeft(t, before)
})

t.test('an attempt that is cut before, while or after it connects leaves nothing open and causes no uncaught error', async (t) => {
  const raw = await rawServer(t)
  await turns(4)
  const before = await held()
  for (const port of [raw.port, await closedPort()]) {
    for (let wait = 0; wait < 6; wait++) {
      const attempt = dial(at(port), options)
      let carrier: SocketCarrier | undefined
      attempt.done.then(
        (one) => (carrier = one),
        () => {},
      )
      await turns(wait)
      attempt.cut()
      attempt.cut()
      await turns(2)
      for (const socket of raw.sockets) socket.destroy()
      if (carrier !== undefined) t.ok(port === raw.port)
    }
  }
  await turns(4)
  for (const socket of raw.sockets) socket.destroy()
  await nothingLeft(t, before)
})

t.test('nothing is read before resume, and nothing is lost', async (t) => {
  const raw = await rawServer(t, {}, (socket) => socket.end('hello'))
  const carrier = await dial(at(raw.port), options).done
  await turns(10)
  const told: string[] = []
  carrier.attach({
    data: (chunk) => void told.push(String(chunk)),
    end: () => void told.push('end'),
    sent() {},
    finished() {},
    lost: () => void told.push('lost'),
  })
  await turns(4)
  t.strictSame(told, [])
  carrier.resume()
  await until(() => told.length === 2)
  t.strictSame(told, ['hello', 'end'])
  carrier.reset()
})

t.test('an attempt that failed at once can be cut like any other', async (t) => {
  const attempt = dial({ kind: 'unix', path: '/'.padEnd(200, 'x') }, options)
  attempt.cut()
  t.match(await rejection(attempt.done), { code: 'EINVAL', syscall: 'connect' })
})

t.test('a peer that has left before its address was read has the address that was dialled', async (t) => {
  const gone = new Socket()
  t.strictSame(Object.values(addressesAt(at(80), gone)).map(String), ['127.0.0.1:80', ':0'])
  t.strictSame(Object.values(addressesAt(at(80, { localAddress: '127.0.0.2', localPort: 9 }), gone)).map(String), [
    '127.0.0.1:80',
    '127.0.0.2:9',
  ])
  t.strictSame(Object.values(addressesAt({ ...at(80), address: '::1' }, gone)).map(String), ['[::1]:80', '[]:0'])
  t.strictSame(Object.values(addressesAt({ kind: 'unix', path: '/run/a' }, gone)).map(String), ['/run/a', ''])
})
