// The command line of `npm run soak`.

import { parseArgs } from 'node:util'

export interface Options {
  readonly help: boolean
  readonly seconds: number
  readonly seed: number
  /** Conversations at once. */
  readonly connections: number
  /** The Node that the children run on. */
  readonly node: string
  /** Only these conversations, over and over. */
  readonly only: readonly number[]
}

export const usage = `npm run soak -- [options]
  --seconds S       how long conversations are begun; default 60
  --seed N          a run with the same seed plans the same conversations; default: a new one, which is printed
  --node PATH       the Node to run the server, the clients, the relay and the proxy with; default: this one
  --connections N   conversations at once, at most 150; default 60
  --only A,B        only these conversations of the seed, over and over: to find a fault again`

const MOST = 150

/** @throws Error with a message for the user */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      connections: { type: 'string', default: '60' },
      only: { type: 'string' },
    },
  })
  return {
    help: values.help,
    seconds: numberOf('seconds', values.seconds, 86_400),
    seed: values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : numberOf('seed', values.seed, 2 ** 32),
    node: values.node,
    connections: Math.ceil(numberOf('connections', values.connections, MOST)),
    only: values.only === undefined ? [] : values.only.split(',').map((id) => numberOf('only', id, 2 ** 24)),
  }
}

function numberOf(name: string, text: string, most: number): number {
  const value = Number(text)
  if (!(value > 0 && value <= most)) throw new Error(`--${name} must be a number above 0 and at most ${most}, not '${text}'\n\n${usage}`)
  return value
}
