// Shared by the specs of searches.

import { compileDelimiter, type Delimiter } from '../../lib/bytes/delimiter.js'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { type Search, searchFor } from '../../lib/bytes/search.js'

export const startSearch = (delimiters: Delimiter): Search => searchFor(compileDelimiter(delimiters))

export function queueOf(...pieces: (string | Buffer)[]): ByteQueue {
  const queue = new ByteQueue()
  for (const piece of pieces) queue.push(Buffer.from(piece as string, 'latin1'))
  return queue
}
