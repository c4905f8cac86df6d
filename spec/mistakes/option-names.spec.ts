// Options under a wrong name, or in a wrong place.

import t from 'tap'
import { connect, InvalidOptionsError, listen, pipe, shutdownOn, together } from '../../lib/index.js'
import { memoryServer, pair } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { type Any, controller, table, unusable } from './support.js'

const { key } = identityOf()

table(t, 'an option in the wrong place is answered with its place', [
  [
    'a limit of a connection for pair()',
    InvalidOptionsError,
    unusable('idleTimeout: unknown option; it is an option of `client` or `server`: write { server: { idleTimeout } }'),
    () => pair({ idleTimeout: 5 } as Any),
  ],
  [
    'a clock for one side',
    InvalidOptionsError,
    unusable('server.clock: unknown option; it stands beside `client` and `server`: write { server: { … }, clock }'),
    () => pair({ server: { clock: {} } } as Any),
  ],
  [
    'an unknown option of pair()',
    InvalidOptionsError,
    unusable('colour: unknown option; expected one of client, server, maxChunk, latency, highWaterMark, faults, clock'),
    () => pair({ colour: 5 } as Any),
  ],
  [
    'an unknown option of a side',
    InvalidOptionsError,
    unusable('server.colour: unknown option'),
    () => pair({ server: { colour: 5 } } as Any),
  ],
  [
    'a port of a server in memory',
    InvalidOptionsError,
    unusable('port: unknown option; a server in memory listens nowhere: its clients come by its own `connect`'),
    () => memoryServer({ port: 5 } as Any),
  ],
  [
    'an unknown option of a server in memory',
    InvalidOptionsError,
    unusable('colour: unknown option'),
    () => memoryServer({ colour: 5 } as Any),
  ],
])

table(t, 'an option under another name is answered with the right name', [
  ['hostname', InvalidOptionsError, unusable('hostname: unknown option; did you mean `host`?'), () => listen({ hostname: 'x' } as Any)],
  [
    'a key beside tls',
    InvalidOptionsError,
    unusable('key: unknown option; it is an option of `tls`: write tls: { key }'),
    () => listen({ key } as Any),
  ],
  [
    'rejectUnauthorized beside tls',
    InvalidOptionsError,
    unusable('rejectUnauthorized: unknown option; it is an option of `tls`: write tls: { rejectUnauthorized }'),
    () => connect({ port: 1, rejectUnauthorized: false } as Any),
  ],
  [
    'timeout of a server',
    InvalidOptionsError,
    unusable('timeout: unknown option; did you mean `readTimeout` or `idleTimeout`?'),
    () => listen({ timeout: 5 } as Any),
  ],
  [
    'timeout of close()',
    TypeError,
    'timeout: unknown option; did you mean `grace`?',
    () => memoryServer().server.close({ timeout: 5 } as Any),
  ],
  [
    'maxConnection',
    InvalidOptionsError,
    unusable('maxConnection: unknown option; did you mean `maxConnections`?'),
    () => listen({ maxConnection: 5 } as Any),
  ],
  [
    'socketPath',
    InvalidOptionsError,
    unusable('socketPath: unknown option; did you mean `path`?'),
    () => listen({ socketPath: '/x' } as Any),
  ],
  ['a limit of a read', TypeError, 'maxBytes: unknown option; did you mean `maxBufferSize`?', (a) => a.setLimits({ maxBytes: 5 })],
  ['an unknown option', InvalidOptionsError, unusable('colour: unknown option'), () => listen({ colour: 1 } as Any)],
  [
    'a misspelt option of pipe()',
    TypeError,
    "pipe() has no option 'idletimeout'; did you mean 'idleTimeout'?",
    (a, b) => pipe(a, b, { idletimeout: 5 } as Any),
  ],
  [
    'a misspelt option of shutdownOn()',
    TypeError,
    "shutdownOn() has no option 'grase'; did you mean 'grace'?",
    () => shutdownOn(memoryServer().server, { grase: 5 } as Any),
  ],
  [
    'an option that together() has not',
    TypeError,
    "together() has no option 'timeout'; expected one of signal",
    () => together([], { timeout: 5 } as Any),
  ],
  [
    'a controller for a signal',
    InvalidOptionsError,
    unusable('signal: expected an AbortSignal, got an object (AbortController: pass its `signal`)'),
    () => listen({ signal: controller as Any }),
  ],
  ['a misspelt limit', TypeError, 'maxbuffersize: unknown option; did you mean `maxBufferSize`?', (a) => a.setLimits({ maxbuffersize: 5 })],
])
