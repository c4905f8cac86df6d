// GET and SET by hand on `node:net`: a parser for arrays of words, a Map, and one write for what arrived together. It has no limits, no
// time limits and no other commands: what is left out of `examples/redis.ts` to be fast.

import { listenWithNet } from './support.js'

const values = new Map<string, string>()

function answer([name, key = '', value = '']: readonly string[]): string {
  if (name === 'SET') {
    values.set(key, value)
    return '+OK\r\n'
  }
  if (name !== 'GET') return '-ERR unknown command\r\n'
  const found = values.get(key)
  return found === undefined ? '$-1\r\n' : `$${found.length}\r\n${found}\r\n`
}

/** The words of the command at `start`, and where it ends; undefined if it has not arrived whole. */
function parse(text: string, start: number): { words: string[]; end: number } | undefined {
  let at = text.indexOf('\r\n', start)
  if (at < 0) return undefined
  const words: string[] = []
  for (let left = Number(text.slice(start + 1, at)); left > 0; left--) {
    const line = text.indexOf('\r\n', at + 2)
    if (line < 0) return undefined
    const length = Number(text.slice(at + 3, line))
    at = line + 2 + length
    if (at + 2 > text.length) return undefined
    words.push(text.slice(line + 2, at))
  }
  return { words, end: at + 2 }
}

listenWithNet((socket) => {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text = text === '' ? chunk : text + chunk
    let answers = ''
    let at = 0
    for (let command = parse(text, at); command !== undefined; command = parse(text, at)) {
      answers += answer(command.words)
      at = command.end
    }
    text = text.slice(at)
    if (answers !== '') socket.write(answers, 'latin1')
  })
})
