// What all clients share.

import { Channels } from './channels.js'
import { Database, Memory } from './database.js'
import { defaults, type Settings } from './settings.js'
import { Waiting } from './waiting.js'

/** The version of Redis whose answers these are. Clients look at it to know what a server can do. */
export const VERSION = '7.0.15'

const DATABASES = 16

export class Redis {
  readonly settings: Settings
  readonly memory: Memory
  readonly databases: readonly Database[]
  readonly channels: Channels = new Channels()
  readonly waiting: Waiting = new Waiting()
  readonly started: number
  /** The clients that are connected, and for INFO what they have done. */
  clients = 0
  connections = 0
  commands = 0

  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...defaults, ...settings }
    const { memory, now } = this.settings
    this.memory = new Memory(memory)
    this.databases = Array.from({ length: DATABASES }, () => new Database(this.memory, now))
    this.started = now()
  }
}
