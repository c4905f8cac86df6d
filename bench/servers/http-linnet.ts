// The HTTP server of the examples, with the small answer of all contenders of `bench/http.ts`.

import { listen } from 'linnet'
import { serve } from '../../examples/http/server.js'
import { HELLO, PLAIN, ready } from './support.js'

const server = await listen({ host: '127.0.0.1' })
ready(server.port)

await serve(server, () => ({ headers: PLAIN, body: HELLO }))
