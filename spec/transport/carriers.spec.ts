// The rules of carriers, over each kind of carrier.

import t from 'tap'
import { carrierRules } from './carrier-rules.js'
import { inMemory, overDuplexes, tcpPair, unixPair } from './support.js'

t.test('over TCP', async (t) => carrierRules(t, tcpPair, { breaks: true }))
t.test('over Unix sockets', async (t) => carrierRules(t, unixPair, { breaks: false }))
t.test('in memory', async (t) => carrierRules(t, inMemory, { breaks: true }))
t.test('over Duplexes', async (t) => carrierRules(t, overDuplexes, { breaks: true }))
