// The variables of systemd are kept after the first read.

import t from 'tap'
import { passedSockets } from '../../../lib/transport/listening/passed-sockets.js'

t.test('the variables are removed from the environment, and a later call returns them again', async (t) => {
  const nothing = { pid: undefined, count: undefined, names: undefined }
  t.same(passedSockets({}), nothing)
  const another = { LISTEN_PID: '1', LISTEN_FDS: '1' }
  t.match(passedSockets(another), { pid: '1', count: '1' })
  t.same(another, { LISTEN_PID: '1', LISTEN_FDS: '1' }, "another process's stay where they are")
  t.same(passedSockets({}), nothing)
  const pid = String(process.pid)
  const env = { LISTEN_PID: pid, LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', HOME: '/' }
  t.same(passedSockets(env), { pid, count: '2', names: 'a:b' })
  t.same(env, { HOME: '/' })
  t.same(passedSockets(env), { pid, count: '2', names: 'a:b' })
})
