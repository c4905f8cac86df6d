// The system's table of send queues: which line belongs to a connection, and when a change is reported. Only Linux has the table.
// Without it no progress is seen.

import { existsSync } from 'node:fs'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { tcpAddress, unixAddress } from '../../lib/address.js'
import { QueueWatch, queueKeys, watchQueues } from '../../lib/transport/send-queues.js'
import { accepted, opened } from '../support/fixture.js'
import { turns, until, within } from '../support/wait.js'

const table = existsSync('/proc/self/net/tcp')
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

t.test(
  'a line begins with both ends, in words of the machine; IPv4 has a mapped one as well',
  { skip: !little && 'big-endian' },
  async (t) => {
    t.same(queueKeys(tcpAddress('127.0.0.1', 80), tcpAddress('1.2.3.4', 65535)), [
      '0100007F:0050 04030201:FFFF',
      '0000000000000000FFFF00000100007F:0050 0000000000000000FFFF000004030201:FFFF',
    ])
    t.same(queueKeys(tcpAddress('::1', 80), tcpAddress('2001:db8::ff', 1)), [
      '00000000000000000000000001000000:0050 B80D01200000000000000000FF000000:0001',
    ])
    t.same(queueKeys(tcpAddress('fe80::1%eth0', 80), tcpAddress('::1.2.3.4', 1))[0]?.slice(0, 37), '000080FE000000000000000001000000:0050')
    t.same(queueKeys(unixAddress('/x'), tcpAddress('::1', 1)), [])
    t.same(queueKeys(tcpAddress('::1', 1), unixAddress()), [])
  },
)

t.test('a change of a watched queue is reported; a first look and another socket are not', async (t) => {
  let moves = 0
  const watch = new QueueWatch(['none:1 none:2'], 10_000, () => moves++)
  watch.saw('none:1 none:2', 100, '7')
  watch.saw('none:1 none:2', 90, '7')
  t.equal(moves, 0, 'it is not watched')
  watch.start()
  watch.saw('none:1 none:2', 90, '7')
  watch.saw('none:1 none:2', 80, '7')
  t.equal(moves, 1)
  watch.saw('none:1 none:2', 70, '8')
  t.equal(moves, 1, 'the inode is another')
  watch.saw('none:1 none:2', 75, '8')
  t.equal(moves, 2, 'growth means that the peer has made room')
  watch.rest()
  watch.rest()
  watch.saw('none:1 none:2', 5, '8')
  t.equal(moves, 2)
  const short = new QueueWatch(['none:1 none:2'], 300, () => moves++)
  const other = new QueueWatch(['none:1 none:2'], 300, () => moves++)
  short.start()
  other.start()
  other.rest()
  for (const bytes of [9, 8, 7]) short.saw('none:1 none:2', bytes, '9')
  t.equal(moves, 3, 'bytes by the persist timer do not count')
  short.rest()
})

t.test('a look finds the queue of a connection, over either table', { skip: !table && 'no table' }, async (t) => {
  const hosts = [
    '127.0.0.1',
    '::ffff:127.0.0.1',
    ...(Object.values(networkInterfaces())
      .flat()
      .some((each) => each?.address === '::1')
      ? ['::1']
      : []),
  ]
  for (const host of hosts) {
    const server = await opened(t, { host: host === '127.0.0.1' ? host : '::' })
    const taken = server.accept()
    const peer = net.connect(server.port, host).on('error', () => {})
    t.teardown(() => peer.destroy())
    peer.pause()
    const connection = (await taken)!
    connection.write(Buffer.alloc(9_000_000)).catch(() => {})
    await turns(20)
    let moved = false
    const watch = new QueueWatch(queueKeys(connection.local, connection.remote), 10_000, () => {
      moved = true
    })
    watch.start()
    await within(watch.look())
    peer.resume()
    // The timer reads the table too.
    await until(() => moved, `it moves, over ${host}`)
    watch.rest()
  }
})

t.test('a look resolves also if it finds no queue or no table', async (t) => {
  const watch = new QueueWatch(['none:1 none:2'], 10_000, () => t.fail('there is none'))
  await within(watch.look())
  watch.start()
  await within(Promise.all([watch.look(), watch.look()]))
  watch.rest()
  t.pass()
})

t.test('a write limit is extended while the queue moves, and expires otherwise', { skip: !table && 'no table' }, async (t) => {
  const { connection, peer } = await accepted(t, { writeTimeout: 600, closeTimeout: 600 })
  peer.pause()
  connection.write(Buffer.alloc(9_000_000)).catch(() => {})
  void connection.close()
  const { by } = await within(connection.closed)
  t.equal(by, 'timeout')
})

t.test('only carriers with a queue of the system are watched', async (t) => {
  const none = {}
  const shown = { queueKeys: () => queueKeys(tcpAddress('127.0.0.1', 1), tcpAddress('127.0.0.1', 2)) }
  t.equal(
    watchQueues([none], 1000, () => {}),
    undefined,
  )
  t.ok(watchQueues([none, shown], 1000, () => {}) instanceof QueueWatch)
})
