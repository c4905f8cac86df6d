// The control packets of MQTT 3.1.1 that a client sends.
// http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html

import type { Message, QoS } from './message.js'

export interface Connect {
  readonly type: 'connect'
  readonly cleanSession: boolean
  readonly clientId: string
  /** In seconds; 0 for none. */
  readonly keepAlive: number
  readonly will: Message | undefined
  readonly userName: string | undefined
  readonly password: Buffer | undefined
}

export type Packet =
  | Connect
  /** A CONNECT of a version that this server does not have. */
  | { readonly type: 'connect of another version' }
  | { readonly type: 'publish'; readonly message: Message; readonly qos: 0 | 1 | 2; readonly id: number }
  | { readonly type: 'puback' | 'pubrel'; readonly id: number }
  | { readonly type: 'subscribe'; readonly id: number; readonly filters: readonly { readonly filter: string; readonly qos: QoS }[] }
  | { readonly type: 'unsubscribe'; readonly id: number; readonly filters: readonly string[] }
  | { readonly type: 'pingreq' | 'disconnect' }
