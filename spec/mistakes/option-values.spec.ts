// Values of options that are meant otherwise: text for a number, decimal for octal, one for a list.

import t from 'tap'
import { InvalidOptionsError, listen } from '../../lib/index.js'
import { type Any, table, unusable } from './support.js'

table(t, 'a wrong value of an option is answered with the value to write', [
  [
    'a port from the environment',
    InvalidOptionsError,
    unusable("port: expected a whole number from 0 to 65535, got '8888'; write Number('8888')"),
    () => listen({ port: '8888' as Any }),
  ],
  [
    'a time from the environment',
    TypeError,
    "idleTimeout: expected milliseconds, more than 0, or Infinity for no limit, got '5000'; write Number('5000')",
    (a) => a.setLimits({ idleTimeout: '5000' }),
  ],
  [
    'a time with its unit',
    TypeError,
    "idleTimeout: expected milliseconds, more than 0, or Infinity for no limit, got '5s'",
    (a) => a.setLimits({ idleTimeout: '5s' }),
  ],
  [
    'a mode that is not octal',
    InvalidOptionsError,
    unusable('mode: expected a whole number from 0 to 0o777, got 660; write 0o660'),
    () => listen({ path: '/tmp/never.sock', mode: 660 }),
  ],
  [
    'a mode as chmod takes it',
    InvalidOptionsError,
    unusable("mode: expected a whole number from 0 to 0o777, got '0660'; write 0o660"),
    () => listen({ path: '/tmp/never.sock', mode: '0660' as Any }),
  ],
  [
    'a mode that is none',
    InvalidOptionsError,
    unusable('mode: expected a whole number from 0 to 0o777, got an object'),
    () => listen({ path: '/tmp/never.sock', mode: {} as Any }),
  ],
  [
    'a mode beyond all',
    InvalidOptionsError,
    unusable('mode: expected a whole number from 0 to 0o777, got 100000'),
    () => listen({ path: '/tmp/never.sock', mode: 100_000 }),
  ],
  [
    'one network for a list',
    InvalidOptionsError,
    unusable("proxyProtocol.trust: expected a list of at least one address or network, got '10.0.0.0/8'; write ['10.0.0.0/8']"),
    () => listen({ proxyProtocol: { trust: '10.0.0.0/8' as Any } }),
  ],
  [
    'one endpoint for a list',
    InvalidOptionsError,
    unusable('endpoints: expected a list of at least one endpoint, got an object; write a list, [{ … }]'),
    () => listen({ endpoints: { port: 0 } as Any }),
  ],
  [
    'a number for a list',
    InvalidOptionsError,
    unusable('endpoints: expected a list of at least one endpoint, got 8888'),
    () => listen({ endpoints: 8888 as Any }),
  ],
  [
    'a list without elements',
    InvalidOptionsError,
    unusable('endpoints: expected a list of at least one endpoint, got an empty one'),
    () => listen({ endpoints: [] }),
  ],
  [
    'TLS of a server without a certificate',
    InvalidOptionsError,
    unusable(
      'tls: expected false, or TLS options of Node (with `optional`: true or false), got true; write { key, cert }: a server has to show a certificate',
    ),
    () => listen({ tls: true as Any }),
  ],
  [
    'no TLS options',
    InvalidOptionsError,
    unusable('tls: expected false, or TLS options of Node (with `optional`: true or false), got 5'),
    () => listen({ tls: 5 as Any }),
  ],
])
