// Checks a conversation: compares the messages that each side received with those that the other side sent, and its end with the injected
// faults. It uses the plan and the reports of both sides and of the proxy.

import type { Direction, Plan, Side } from './plan.js'
import type { ProxyReport, SideReport } from './report.js'

export interface Case {
  readonly plan: Plan
  readonly client: SideReport
  /** Undefined: the server has not received the greeting. */
  readonly server: SideReport | undefined
  readonly proxy: ProxyReport
  /** The server drained, or was stopped, during the conversation. */
  readonly drained: boolean
}

/** The problems of the conversation; empty if none. */
export function judge(given: Case): string[] {
  const { client, server } = given
  const problems = [...client.problems.map((text) => `client: ${text}`), ...(server?.problems ?? []).map((text) => `server: ${text}`)]
  problems.push(...judgeDirection(given, 'up', client, server), ...judgeDirection(given, 'down', server, client))
  for (const side of [client, server]) if (side?.closed !== undefined) problems.push(...judgeClosing(given, side))
  if (!isDisturbed(given)) problems.push(...judgeUndisturbed(given))
  return problems
}

/** Whether a fault was injected that may end it early. */
function isDisturbed({ client, server, proxy, drained }: Case): boolean {
  return drained || proxy.broke !== undefined || proxy.refused !== undefined || [client, server].some((side) => side?.aborted || side?.left)
}

function judgeDirection(given: Case, direction: Direction, sender: SideReport | undefined, receiver: SideReport | undefined): string[] {
  if (receiver === undefined) return []
  const problems: string[] = []
  const sent = sender?.sent ?? []
  const { received, reading } = receiver
  const wrong = received.findIndex((sum, n) => sum !== sent[n])
  if (wrong >= 0) {
    problems.push(
      wrong >= sent.length
        ? `${direction}: ${received.length} messages were received and ${sent.length} sent`
        : `${direction}: message ${wrong} has another checksum than the one that was sent`,
    )
  }
  // A server that drains before it has read the greeting ends cleanly too.
  const ended = sender?.ending ?? (given.drained && receiver.side === 'client')
  const whole = received.length === sent.length && ended
  if (reading === 'end' && !whole && !mayLookEnded(given, direction, sender)) {
    problems.push(
      `${direction}: a clean end after ${received.length} of ${sent.length} messages, and the sender had ${ended ? 'ended' : 'not ended'}`,
    )
  }
  if (reading === 'cut' && !mayLookEnded(given, direction, sender))
    problems.push(`${direction}: an end of stream in the middle of message ${received.length}`)
  if (reading === 'lost' && !isDisturbed(given)) problems.push(`${direction}: lost, and nothing broke it`)
  if (reading === 'drained' && !(given.drained && receiver.side === 'server'))
    problems.push(`${direction}: drained, and nobody asked for that`)
  return problems
}

/** Whether an end of stream in this direction may not be the sender's. */
function mayLookEnded({ plan, proxy }: Case, direction: Direction, sender: SideReport | undefined): boolean {
  // The proxy ended it early.
  if (proxy.broke === 'end' && plan.faults.break?.direction === direction) return true
  // A Unix socket has no reset: an aborted connection is closed.
  if (plan.transport === 'unix') return true
  // The proxy could not distinguish the sender's reset from an end.
  return proxy.unsure.includes(direction) && (sender === undefined || sender.closed?.by === 'aborted')
}

function judgeClosing(given: Case, { side, closed, aborted }: SideReport): string[] {
  const { by, error } = closed as NonNullable<SideReport['closed']>
  const said = `${side}: closed by '${by}'${error === undefined ? '' : `, ${error}`}`
  if (by === 'timeout') return [said]
  if (by === 'lost' && !isDisturbed(given)) return [`${said}, and nothing broke it`]
  if (by === 'aborted' && !aborted && !(given.drained && side === 'server')) return [`${said}, and nobody aborted it`]
  return []
}

/** All planned messages have arrived, and the end was clean. */
function judgeUndisturbed({ plan, client, server, proxy }: Case): string[] {
  if (client.connect !== undefined) return [`could not connect: ${client.connect}`]
  if (server === undefined) return ['the server never heard the greeting']
  const problems: string[] = []
  if (proxy.lost.length > 0) problems.push(`a socket was reset towards the proxy: ${proxy.lost.join(', ')}`)
  for (const [direction, sender, receiver] of [
    ['up', client, server],
    ['down', server, client],
  ] as const) {
    const planned = plannedOf(plan, sender.side, direction)
    if (sender.sent.length !== planned) problems.push(`${direction}: sent ${sender.sent.length} of ${planned} messages`)
    if (receiver.received.length !== sender.sent.length)
      problems.push(`${direction}: received ${receiver.received.length} of ${sender.sent.length} messages`)
    if (receiver.reading !== 'end') problems.push(`${receiver.side}: its reading came to '${receiver.reading}', not to the end`)
    if (sender.writing !== 'all') problems.push(`${sender.side}: its writing came to '${sender.writing}'`)
    if (receiver.closed?.bytesRead !== sender.closed?.bytesWritten)
      problems.push(`${direction}: bytesRead ${receiver.closed?.bytesRead}, bytesWritten ${sender.closed?.bytesWritten}`)
  }
  return problems
}

function plannedOf({ phases, ending }: Plan, side: Side, direction: Direction): number {
  const last = phases.at(-1) as Plan['phases'][number]
  return last.first[direction] + Math.min(last.count[direction], ending[side].before)
}
