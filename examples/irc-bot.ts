// A bot for IRC (RFC 2812) that answers with the time. It reconnects when its server is unavailable, and doubles the pause after each
// failure. The pause has a random part, so that not all bots of a restarted server connect at the same time ("exponential back-off
// with jitter").
//
//   SERVER=irc.libera.chat CHANNEL='#linnet-test' node irc-bot.js        and in that channel:  linnetbot: time

import { setTimeout } from 'node:timers/promises'
import { type Connection, connect } from 'linnet'

const { SERVER = 'localhost', PORT = 6667, NICK = 'linnetbot', CHANNEL = '#linnet', PAUSE = 1_000 } = process.env
const LONGEST_PAUSE = 120_000
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())

let pause = Number(PAUSE)
while (!stop.signal.aborted) {
  try {
    // A server sends PING every few minutes. One that is silent for longer is unreachable, even if the network reports no error.
    const connection = await connect({ host: SERVER, port: Number(PORT), signal: stop.signal, idleTimeout: 300_000, maxBufferSize: 8_192 })
    await connection.run(chat)
    console.log('the server has said goodbye')
  } catch (error) {
    if (!stop.signal.aborted) console.log(`${error}`)
  }
  const chance = pause * (0.5 + Math.random())
  pause = Math.min(pause * 2, LONGEST_PAUSE)
  // An abort ends the pause, and then the loop.
  await setTimeout(chance, undefined, { signal: stop.signal }).catch(() => {})
}

async function chat(connection: Connection): Promise<void> {
  await connection.write(`NICK ${NICK}\r\nUSER ${NICK} 0 * :a bot on linnet\r\n`)
  try {
    for await (const line of connection.lines({ signal: stop.signal })) {
      const { nick, command, words } = parse(line)
      if (command === 'PING') await connection.write(`PONG :${words.at(-1)}\r\n`)
      if (command === '433') throw new Error(`somebody else is ${NICK}`)
      if (command === '001') {
        pause = Number(PAUSE) // logged in: the next failure starts with a short pause
        await connection.write(`JOIN ${CHANNEL}\r\n`)
        console.log(`it is in ${CHANNEL}`)
      }
      const isCall = command === 'PRIVMSG' && words[0] === CHANNEL && words[1] === `${NICK}: time`
      if (isCall) await connection.write(`PRIVMSG ${CHANNEL} :${nick}: it is ${new Date().toUTCString()}\r\n`)
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
    await connection.write('QUIT :goodbye\r\n')
  }
}

/** `:nick!user@host COMMAND first second :and all the rest` */
function parse(line: string): { nick: string; command: string; words: string[] } {
  const [, nick = '', command = '', middle = '', rest] = /^(?::([^ !]*)\S* +)?(\S+)((?: +[^: ]\S*)*)(?: +:(.*))?/.exec(line) ?? []
  const words = middle.split(' ').filter((word) => word !== '')
  return { nick, command, words: rest === undefined ? words : [...words, rest] }
}
