// The Redis server of the examples.

import { listen } from 'linnet'
import { Redis } from '../../examples/redis/server.js'
import { serveClient } from '../../examples/redis/session.js'
import { ready } from './support.js'

const redis = new Redis()
const server = await listen({ host: '127.0.0.1', maxWriteBuffer: 8 * 1024 * 1024, writeTimeout: 30_000 })
ready(server.port)

await server.serve((connection) => serveClient(connection, redis))
