// Values that are no server, no connection or no stream.

import net from 'node:net'
import { Duplex, Readable, Writable } from 'node:stream'
import t from 'tap'
import { Connection, pipe, shutdownOn } from '../../lib/index.js'
import { type Any, table } from './support.js'

table(t, 'a value that is no connection, no server or no stream is named, with what makes one', [
  [
    'a server that is not there yet',
    TypeError,
    'server must be a Server, not a Promise (forgotten await?)',
    () => shutdownOn(Promise.resolve() as Any),
  ],
  [
    'a connection that is not there yet',
    TypeError,
    'a must be a Connection, not a Promise (forgotten await?)',
    (_, b) => pipe(Promise.resolve() as Any, b),
  ],
  [
    'a socket for pipe()',
    TypeError,
    'b must be a Connection, not a Socket: Connection.from(stream) makes one',
    (a) => pipe(a, new net.Socket() as Any),
  ],
  [
    'a Readable alone',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not a Readable: give both directions, as { readable, writable }',
    () => Connection.from(new Readable()),
  ],
  [
    'a connection of a connection',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not a Connection: it is one already',
    (a) => Connection.from(a),
  ],
  [
    'an object of a class',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an EventTarget',
    () => Connection.from(new EventTarget()),
  ],
  [
    'an object without a class',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object',
    () => Connection.from(Object.create(null)),
  ],
  [
    'something else',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object',
    () => Connection.from({ async [Symbol.asyncDispose]() {} }),
  ],
  [
    'both directions as two arguments',
    TypeError,
    'options must be an object, not a Writable: give both directions, as { readable, writable }',
    () => Connection.from(new Readable(), new Writable() as Any),
  ],
  [
    'one direction of a pair',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object: its `writable` must be a Writable or a WritableStream, not undefined',
    () => Connection.from({ readable: new Readable() }),
  ],
  [
    'the other direction of a pair',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object: its `readable` must be a Readable or a ReadableStream, not a Writable',
    () => Connection.from({ readable: new Writable(), writable: new Writable() }),
  ],
  [
    'a pair of both kinds',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object: both streams must be of Node, or both of the web',
    () => Connection.from({ readable: new Readable(), writable: new WritableStream() }),
  ],
  [
    'a pipe at stdin',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not a Duplex: give both directions, as { readable, writable }',
    () => Connection.from(Object.assign(new Duplex({ writable: false, read() {} } as Any), { fd: 0 })),
  ],
])
