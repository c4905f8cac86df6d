// Options that are no object: a port, a path, a URL, a signal, or an argument behind them.

import t from 'tap'
import { connect, InvalidOptionsError, listen, shutdownOn } from '../../lib/index.js'
import { memoryServer } from '../../lib/testing/index.js'
import { type Any, controller, table, unusable } from './support.js'

table(t, 'a value in the place of options is answered with the options to write', [
  [
    'connect() to a host with a port',
    InvalidOptionsError,
    unusable("expected an object of options, got 'localhost:80'; write { host: 'localhost', port: 80 }"),
    () => connect('localhost:80' as Any),
  ],
  [
    'connect() to an IPv6 address',
    InvalidOptionsError,
    unusable("expected an object of options, got '[::1]:80'; write { host: '::1', port: 80 }"),
    () => connect('[::1]:80' as Any),
  ],
  [
    'connect() to a URL',
    InvalidOptionsError,
    unusable("expected an object of options, got an object (URL); write { host: 'example.com', port: 8080 }"),
    () => connect(new URL('tcp://example.com:8080') as Any),
  ],
  [
    'connect() to a name',
    InvalidOptionsError,
    unusable("expected an object of options, got 'localhost'; write { host: 'localhost', port }"),
    () => connect('localhost' as Any),
  ],
  [
    'connect() to a port',
    InvalidOptionsError,
    unusable('expected an object of options, got 8888; write { port: 8888 }'),
    () => connect(8888 as Any),
  ],
  [
    'connect() to a path',
    InvalidOptionsError,
    unusable("expected an object of options, got '/run/a.sock'; write { path: '/run/a.sock' }"),
    () => connect('/run/a.sock' as Any),
  ],
  ['connect() to nothing', InvalidOptionsError, unusable('expected an object of options, got undefined'), () => (connect as Any)()],
  ['connect() to an empty text', InvalidOptionsError, unusable("expected an object of options, got ''"), () => connect('' as Any)],
  [
    'connect() to a text without an end',
    InvalidOptionsError,
    unusable(`expected an object of options, got '${'x'.repeat(40)}'…`),
    () => connect('x'.repeat(200) as Any),
  ],
  [
    'connect() to a Promise',
    InvalidOptionsError,
    unusable('expected an object of options, got an object (Promise: forgotten await?)'),
    () => connect(Promise.resolve({}) as Any),
  ],
  [
    'a host with a port',
    InvalidOptionsError,
    unusable("host: expected a host name or an IP address, got 'localhost:80'; write { host: 'localhost', port: 80 }"),
    () => connect({ host: 'localhost:80', port: 1 }),
  ],
  [
    'a URL for a host',
    InvalidOptionsError,
    unusable("host: expected a host name or an IP address, got 'http://localhost/'; write { host: 'localhost', port }"),
    () => connect({ host: 'http://localhost/', port: 1 }),
  ],
  [
    'an address in brackets',
    InvalidOptionsError,
    unusable("host: expected a host name or an IP address, got '[::1]'; write { host: '::1', port }"),
    () => listen({ host: '[::1]' }),
  ],
  [
    'listen() on a text',
    InvalidOptionsError,
    unusable("expected an object of options, got '8888'; write { port: 8888 }"),
    () => listen('8888' as Any),
  ],
  [
    'listen() with a handler alone',
    InvalidOptionsError,
    unusable('expected an object of options, got a function'),
    () => listen((() => {}) as Any),
  ],
  [
    'an endpoint as text',
    InvalidOptionsError,
    /endpoints\.0: expected an object of options, got '\.\/x'; write \{ path: '\.\/x' \}$/,
    () => listen({ endpoints: ['./x'] as Any }),
  ],
  [
    'close() with a number',
    TypeError,
    'expected an object of options, got 1000; write { grace: 1000 }',
    () => memoryServer().server.close(1000 as Any),
  ],
  [
    'close() with a signal',
    TypeError,
    'expected an object of options, got an object (AbortSignal); write { signal }',
    () => memoryServer().server.close(controller.signal as Any),
  ],
  [
    'serve() with a controller',
    TypeError,
    'options must be an object, not an AbortController (pass its `signal`): write { signal }',
    () => memoryServer().server.serve(() => {}, controller as Any),
  ],
  [
    'accept() with a signal',
    TypeError,
    'options must be an object, not an AbortSignal: write { signal }',
    () => memoryServer().server.accept(controller.signal as Any),
  ],
  [
    'shutdownOn() with a number',
    TypeError,
    'options must be an object, not a number',
    () => shutdownOn(memoryServer().server, 5000 as Any),
  ],
  [
    'a host behind the port',
    TypeError,
    'listen() takes one argument, not a string behind it: write { port, host }',
    () => (listen as Any)(0, '127.0.0.1'),
  ],
  [
    'a host behind the port of connect()',
    TypeError,
    'connect() takes one argument, not a string behind it: write { port, host }',
    () => (connect as Any)(8888, 'localhost'),
  ],
])
