// The child processes in the parent: each is called by name and answers, sends reports, and must end without a kill.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const ENDING = 10_000

type Message = { event: string; data: never } | { call: number; value: never; error?: string }

export class Child {
  readonly name: string
  readonly process: ChildProcess
  /** The end of its output. */
  printed = ''
  #calls = 0
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  readonly #listeners = new Map<string, (data: never) => void>()
  #ending = false

  constructor(name: string, role: string, node: string) {
    this.name = name
    this.process = fork(join(import.meta.dirname, `${role}.js`), [], { execPath: node, execArgv: ['--expose-gc'], silent: true })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.printed = (this.printed + text).slice(-4000)
      })
    }
    this.process.on('message', (message) => this.#got(message as Message))
    this.process.on('exit', (code, signal) => {
      const error = new Error(`the ${name} process has ended (${signal ?? code}): ${this.printed.trim()}`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      if (!this.#ending) this.#listeners.get('problem')?.(error.message as never)
    })
  }

  /** Calls the child and resolves with its answer. */
  call<T = void>(name: string, data?: unknown): Promise<T> {
    const call = ++this.#calls
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject })
      this.process.send({ call, name, data }, (error) => {
        if (error && this.#waiting.delete(call)) reject(error)
      })
    })
  }

  /** Listens to one kind of report of the child. */
  hear<T>(event: string, listener: (data: T) => void): void {
    this.#listeners.set(event, listener)
  }

  /** Disconnects it, and resolves with whether it ended without a kill. */
  async end(): Promise<boolean> {
    this.#ending = true
    if (this.process.exitCode !== null || this.process.signalCode !== null) return true
    const gone = once(this.process, 'exit')
    let byItself = true
    const force = setTimeout(() => {
      byItself = false
      this.process.kill('SIGKILL')
    }, ENDING)
    void this.call('end').catch(() => {})
    await gone
    clearTimeout(force)
    return byItself
  }

  kill(): void {
    this.#ending = true
    this.process.kill('SIGKILL')
  }

  #got(message: Message): void {
    if ('event' in message) return this.#listeners.get(message.event)?.(message.data)
    const waiting = this.#waiting.get(message.call)
    this.#waiting.delete(message.call)
    if (message.error === undefined) waiting?.resolve(message.value)
    else waiting?.reject(new Error(`${this.name}: ${message.error}`))
  }
}
