// Commands on channels. A subscription has an answer for each channel, which looks as messages do.

import type { Client } from '../client.js'
import { type Command, command, NO_KEYS } from '../command.js'
import { CommandError } from '../error.js'
import { bulk, integer, nothing, push } from '../reply.js'
import { MOST_SUBSCRIPTIONS } from '../settings.js'
import { compact } from '../text.js'

type Names = 'channels' | 'patterns'

/** Notes that a client is subscribed, or that it is not any more. */
type Change = (client: Client, name: string) => void

function subscribe(verb: string, names: Names, change: Change): Command {
  return command(verb, -2, ['pubsub'], NO_KEYS, ([, ...wanted], client) => {
    if (client.subscriptions + wanted.length > MOST_SUBSCRIPTIONS) {
      throw new CommandError(`ERR a client has at most ${MOST_SUBSCRIPTIONS} subscriptions`)
    }
    const answers = wanted.map(compact).map((name) => {
      if (!client[names].has(name)) {
        client[names].add(name)
        change(client, name)
      }
      return push([bulk(verb), bulk(name), integer(client.subscriptions)], client.protocol)
    })
    return answers.join('')
  })
}

/** Without names it ends all subscriptions. */
function unsubscribe(verb: string, names: Names, change: Change): Command {
  return command(verb, -1, ['pubsub'], NO_KEYS, ([, ...given], client) => {
    const { protocol } = client
    const ended = given.length === 0 ? [...client[names]] : given
    if (ended.length === 0) return push([bulk(verb), nothing(protocol), integer(client.subscriptions)], protocol)
    const answers = ended.map((name) => {
      client[names].delete(name)
      change(client, name)
      return push([bulk(verb), bulk(name), integer(client.subscriptions)], protocol)
    })
    return answers.join('')
  })
}

export const pubsub: readonly Command[] = [
  subscribe('subscribe', 'channels', (client, name) => client.redis.channels.subscribe(name, client)),
  unsubscribe('unsubscribe', 'channels', (client, name) => client.redis.channels.unsubscribe(name, client)),
  subscribe('psubscribe', 'patterns', (client, name) => client.redis.channels.subscribePattern(name, client)),
  unsubscribe('punsubscribe', 'patterns', (client, name) => client.redis.channels.unsubscribePattern(name, client)),
  command('publish', 3, ['pubsub', 'fast'], NO_KEYS, ([, channel = '', message = ''], { redis }) => {
    return integer(redis.channels.publish(channel, message))
  }),
]
