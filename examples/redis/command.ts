// What a command is, and how one is carried out.

import type { Client } from './client.js'
import { CommandError, unknownSubcommand, wrongArity } from './error.js'
import { array, errorReply, simple } from './reply.js'
import type { Wait } from './waiting.js'

/** What a command does, as COMMAND names it. Those with `denyoom` are refused when the memory is full. */
export type Flag = 'write' | 'readonly' | 'denyoom' | 'fast' | 'pubsub' | 'blocking' | 'no_auth' | 'no_multi'

/** What is sent; or what the client waits for before it gets an answer. */
export type Answer = string | Wait

/** @param words - the name of the command, and its arguments */
export type Run<T extends Answer = Answer> = (words: readonly string[], client: Client) => T

export interface Command {
  readonly name: string
  /** How many words it has; if negative, how many at least. */
  readonly arity: number
  readonly flags: readonly Flag[]
  /** Where its keys are: the first word, the last one (from the end, if negative), and how far they are from each other. */
  readonly keys: readonly [first: number, last: number, step: number]
  readonly run: Run
}

const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."

export function command(name: string, arity: number, flags: readonly Flag[], keys: Command['keys'], run: Run): Command {
  return { name, arity, flags, keys, run }
}

/** The words of a command that has no keys. */
export const NO_KEYS = [0, 0, 0] as const
export const ONE_KEY = [1, 1, 1] as const
export const ALL_KEYS = [1, -1, 1] as const

export function fits(arity: number, words: readonly string[]): boolean {
  return arity < 0 ? words.length >= -arity : words.length === arity
}

/** Commands whose second word is the name of one of several: `CLIENT ID`. */
export function subcommands(name: string, all: Readonly<Record<string, readonly [arity: number, run: Run<string>]>>): Run<string> {
  return (words, client) => {
    const [, given = ''] = words
    const wanted = given.toLowerCase()
    if (wanted === 'help' && words.length === 2) return array(Object.keys(all).map((each) => simple(`${name} ${each}`.toUpperCase())))
    const found = Object.hasOwn(all, wanted) ? all[wanted] : undefined
    if (found === undefined) throw unknownSubcommand(name, given)
    const [arity, run] = found
    if (!fits(arity, words)) throw wrongArity(`${name}|${wanted}`)
    return run(words, client)
  }
}

/** Carries out a command. What is wrong with it is its answer. */
export function perform({ flags, run }: Command, words: readonly string[], client: Client): Answer {
  const { memory } = client.redis
  try {
    if (memory.used > memory.limit && flags.includes('denyoom')) throw new CommandError(OUT_OF_MEMORY)
    return run(words, client)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return errorReply(error.message)
  }
}
