// What a command answers when it fails. The texts are those of Redis 7.0, because clients and programs compare them.

/** A command cannot be carried out. The message begins with the kind of the error; the connection goes on. */
export class CommandError extends Error {}

/** What arrives is no command. The connection ends, because the next command cannot be found. */
export class ProtocolError extends Error {}

export const SYNTAX = 'ERR syntax error'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'

/** A name and arguments are quoted up to here. */
const SHOWN = 128

export function unknownCommand([name = '', ...args]: readonly string[]): CommandError {
  let shown = ''
  for (const arg of args) {
    if (shown.length >= SHOWN) break
    shown += `'${arg.slice(0, SHOWN - shown.length)}' `
  }
  return new CommandError(`ERR unknown command '${name.slice(0, SHOWN)}', with args beginning with: ${shown}`)
}

export function unknownSubcommand(command: string, name: string): CommandError {
  return new CommandError(`ERR unknown subcommand '${name.slice(0, SHOWN)}'. Try ${command.toUpperCase()} HELP.`)
}

/** `name`: that of the command, and for a subcommand `client|id`. */
export function wrongArity(name: string): CommandError {
  return new CommandError(`ERR wrong number of arguments for '${name}' command`)
}
