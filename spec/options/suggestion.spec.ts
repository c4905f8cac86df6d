// "Did you mean": a misspelt name is found, another word is not.

import t from 'tap'
import { nearest } from '../../lib/options/suggestion.js'

const names = ['port', 'host', 'path', 'mode', 'fd', 'readTimeout', 'idleTimeout', 'maxConnections', 'maxConnectionsPerAddress']

t.test('a misspelt name finds the nearest one', async (t) => {
  const cases = {
    prot: 'port',
    por: 'port',
    ports: 'port',
    PORT: 'port',
    pott: 'port',
    hots: 'host',
    readtimeout: 'readTimeout',
    readTimout: 'readTimeout',
    radeTimeout: 'readTimeout',
    idelTimeout: 'idleTimeout',
    maxConnection: 'maxConnections',
    max_connections: 'maxConnections',
  }
  for (const [slip, name] of Object.entries(cases)) t.equal(nearest(slip, names), name, slip)
})

t.test('another word, of any length, finds no name', async (t) => {
  for (const word of ['', 'x', 'fx', 'trop', 'timeout', 'readDeadline', '__proto__', 'p'.repeat(1e6)])
    t.equal(nearest(word, names), undefined)
  t.equal(nearest('port', []), undefined)
})
