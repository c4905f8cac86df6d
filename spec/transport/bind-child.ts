// A process that binds endpoints on request, for the specs of inherited sockets and of processes that bind the same path. It
// prints the result, and closes on request.

import fs from 'node:fs'
import type { ResolvedEndpoint } from '../../lib/options/listen.js'
import { bind } from '../../lib/transport/listening/bind.js'
import type { Listener } from '../../lib/transport/listening/listener.js'
import { AcceptedCarriers, defaults } from './listening-support.js'

type Order = ResolvedEndpoint | 'close' | { report: ResolvedEndpoint; environment: Record<string, string>; descriptors: number[] }

let listener: Listener | undefined
const accepted = new AcceptedCarriers()
// Connections are echoed.
accepted.onAccepted = (carrier) => {
  carrier.attach({
    data: (chunk) => void carrier.write(chunk),
    end: () => carrier.end(),
    sent() {},
    finished: () => carrier.release(),
    lost() {},
  })
  carrier.resume()
}

const isOpen = (fd: number): boolean => {
  try {
    fs.fstatSync(fd)
    return true
  } catch {
    return false
  }
}

async function obey(order: Order): Promise<unknown> {
  if (order === 'close') {
    await listener?.close()
    listener = undefined
    return 'closed'
  }
  const plan = 'report' in order ? order.report : order
  if ('report' in order) {
    for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name]
    for (const [name, value] of Object.entries(order.environment)) process.env[name] = value.replace('SELF', String(process.pid))
  }
  try {
    listener = await bind(plan, accepted, defaults)
    return 'report' in order ? { addresses: listener.addresses.map((address) => ({ ...address })) } : 'bound'
  } catch (error) {
    const { code, message, issues } = error as { code?: string; message: string; issues?: unknown }
    return 'report' in order ? { code, message, issues, open: order.descriptors.map(isOpen) } : code
  }
}

process.on('message', async (order: Order) => process.send?.(await obey(order)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
