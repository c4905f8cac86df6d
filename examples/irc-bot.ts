// A bot for IRC (RFC 2812) that answers with the time. `reconnect` returns to a server that was unavailable: it doubles the pause after
// each failure, and waits a random part of it, so that not all bots of a restarted server connect at the same time ("exponential
// back-off with jitter").
//
//   SERVER=irc.libera.chat CHANNEL='#linnet-test' node irc-bot.js        and in that channel:  linnetbot: time

import { type Connection, reconnect } from 'linnet'

const { SERVER = 'localhost', PORT = 6667, NICK = 'linnetbot', CHANNEL = '#linnet', PAUSE = 1_000 } = process.env
const stop = new AbortController()
let current: Connection | undefined
process.once('SIGINT', () => {
  // The abort closes the connection, after what was written.
  current?.tryWrite('QUIT :goodbye\r\n')
  stop.abort()
})

// A server sends PING every few minutes. One that is silent for longer is unreachable, even if the network reports no error.
const server = { host: SERVER, port: Number(PORT), idleTimeout: 300_000, maxBufferSize: 8_192 }
const onFailure = (error: Error): void => console.log(`${error}`)

for await (const connection of reconnect(server, { minDelay: Number(PAUSE), maxDelay: 120_000, signal: stop.signal, onFailure })) {
  current = connection
  try {
    await chat(connection)
    console.log('the server has said goodbye')
  } catch (error) {
    // An error that leaves the body of the loop would end it.
    if (!stop.signal.aborted) console.log(`${error}`)
  }
}

async function chat(connection: Connection): Promise<void> {
  await connection.write(`NICK ${NICK}\r\nUSER ${NICK} 0 * :a bot on linnet\r\n`)
  for await (const line of connection.lines()) {
    const { nick, command, words } = parse(line)
    if (command === 'PING') await connection.write(`PONG :${words.at(-1)}\r\n`)
    if (command === '433') throw new Error(`somebody else is ${NICK}`)
    if (command === '001') {
      await connection.write(`JOIN ${CHANNEL}\r\n`)
      console.log(`it is in ${CHANNEL}`)
    }
    const isCall = command === 'PRIVMSG' && words[0] === CHANNEL && words[1] === `${NICK}: time`
    if (isCall) await connection.write(`PRIVMSG ${CHANNEL} :${nick}: it is ${new Date().toUTCString()}\r\n`)
  }
}

/** `:nick!user@host COMMAND first second :and all the rest` */
function parse(line: string): { nick: string; command: string; words: string[] } {
  const [, nick = '', command = '', middle = '', rest] = /^(?::([^ !]*)\S* +)?(\S+)((?: +[^: ]\S*)*)(?: +:(.*))?/.exec(line) ?? []
  const words = middle.split(' ').filter((word) => word !== '')
  return { nick, command, words: rest === undefined ? words : [...words, rest] }
}
