// N3 for JSON: the lines of a chunk are decoded as one text, each is parsed and handled, and the answers are sent in one write. What is
// behind the last line feed stays bytes, so that no character is cut.

import { listenWithNet } from './support.js'

const LINE_FEED = 10

/** The place of a program's work. */
const handle = (value: unknown): unknown => value

listenWithNet((socket) => {
  // An incomplete line, in the chunks in which it arrived. They are joined once.
  let begun: Buffer[] = []
  socket.on('drain', () => socket.resume())
  socket.on('data', (received: Buffer) => {
    const last = received.lastIndexOf(LINE_FEED) + 1
    if (last === 0) {
      begun.push(received)
      return
    }
    const bytes = begun.length === 0 ? received : Buffer.concat([...begun, received])
    const text = bytes.toString('utf8', 0, bytes.length - (received.length - last))
    begun = []
    if (last < received.length) begun.push(received.subarray(last))
    let answers = ''
    let start = 0
    try {
      for (let end: number; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
        answers += `${JSON.stringify(handle(JSON.parse(text.slice(start, end))))}\n`
      }
    } catch {
      socket.destroy()
      return
    }
    if (!socket.write(answers)) socket.pause()
  })
})
