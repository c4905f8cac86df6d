// Runs one program of the documentation with the commands of its page, and compares their output. All processes that it starts have
// ended when it resolves.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

// The slowest program waits a few seconds.
const LIMIT = 30_000

/** Resolves with a free port: the programs of the documentation listen on 8888, which another process may use. */
export async function freePort() {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * @param {string} file a program
 * @param {number} port the port on which it listens, if it is a server
 * @param {{ command: string, output: string }[]} dialogue the commands and their expected output; empty: the program must end without one
 * @returns {Promise<string | undefined>} the problem, if any
 */
export async function converse(file, port, dialogue) {
  const deadline = AbortSignal.timeout(LIMIT)
  const program = started(process.execPath, [file])
  try {
    if (dialogue.length > 0) {
      await Promise.race([listening(port, deadline), program.ended.then(() => Promise.reject(new Error('it ended before it listened')))])
      for (const { command, output } of dialogue) {
        // A separate process group, so that it can be killed with its children.
        const client = started('bash', ['-c', command], { detached: true })
        await bounded(client, deadline, () => process.kill(-client.child.pid, 'SIGKILL'))
        if (client.said !== output) return `${command}\nsaid ${JSON.stringify(client.said)}\nnot  ${JSON.stringify(output)}`
      }
      program.child.kill('SIGINT')
    }
    const { code, signal } = await bounded(program, deadline, () => program.child.kill('SIGKILL'))
    // SIGINT ends a program that has no listener for it.
    if (code !== 0 && !(signal === 'SIGINT' && dialogue.length > 0)) return `it ended with ${signal ?? code}: ${program.complained}`
    if (program.complained !== '') return `it complained: ${program.complained}`
    return undefined
  } catch (error) {
    return `${error.message} ${program.complained}`
  } finally {
    // The next program may listen on the same port.
    program.child.kill('SIGKILL')
    await program.ended
  }
}

function started(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const running = { child, said: '', complained: '', ended: once(child, 'close').then(([code, signal]) => ({ code, signal })) }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    running.said += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    running.complained += text
  })
  running.ended.catch(() => {})
  return running
}

async function bounded(running, deadline, stop) {
  if (deadline.aborted) stop()
  deadline.addEventListener('abort', stop)
  const end = await running.ended
  deadline.removeEventListener('abort', stop)
  if (deadline.aborted) throw new Error(`${running.child.spawnargs.join(' ')} did not end within ${LIMIT} ms`)
  return end
}

/** Waits until the port accepts connections: the programs of the documentation do not report when they listen. */
async function listening(port, deadline) {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error
    } finally {
      socket.destroy()
    }
    if (deadline.aborted) throw new Error(`it did not listen within ${LIMIT} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
