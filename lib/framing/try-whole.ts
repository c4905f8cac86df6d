// Synchronous attempts at a message by a function that is not the library's: whatever it does, all bytes are taken or none.

import { Message } from '../connection/reading/message.js'
import { NO_OPTIONS } from '../connection/reading/read-options.js'
import type { Reader } from '../connection/reading/reader.js'
import { OPERATION } from './format.js'
import { readSource } from './format-codec.js'

/** Calls `read` with a reader that reads what `reader` reads. If it returns undefined or throws, nothing is taken. */
export function tryWhole<T>(reader: Reader, read: (reader: Reader) => T | undefined): T | undefined {
  const { readHalf, lock } = readSource(reader)
  // Only a message has a reader with a lock.
  if (lock !== undefined) return (lock as Message).attempt(() => read(reader))
  readHalf.assertReadable(undefined, undefined)
  return new Message(readHalf, NO_OPTIONS, OPERATION).try(read)
}
