// A peer that reads slowly, in Python. Node can set neither the segment size nor the receive buffer of a socket. On the loopback,
// with segments of 64 KiB and a large buffer, even a steady reader frees room in steps of seconds.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import type { Test } from 'tap'

const source = `
import json, socket, ssl, sys, time
o = json.loads(sys.argv[1])
s = socket.socket(socket.AF_INET6 if ':' in o['host'] else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
s.connect((o['host'], o['port']))
got = 0
tls = None
if o['tls']:
    # The pace is that of the socket: a TLS record has up to 16 KiB.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            s.sendall(out.read())
            into.write(s.recv(65536))
    s.sendall(out.read())
def take(data):
    global got
    if tls is None:
        got += len(data)
        return
    into.write(data)
    try:
        while True:
            plain = tls.read(65536)
            if not plain: return
            got += len(plain)
    except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
        pass
how = 'end'
try:
    began, slow = time.monotonic(), 0
    piece = max(512, min(16384, o['rate'] // 8))
    while time.monotonic() - began < o['seconds']:
        data = s.recv(piece)
        if not data: raise EOFError
        take(data)
        slow += len(data)
        time.sleep(max(0, began + slow / o['rate'] - time.monotonic()))
    if o['stop']: time.sleep(o['stop'])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    while got < o['quits']:
        data = s.recv(1 << 20)
        if not data: break
        take(data)
except EOFError:
    how = 'early end'
except ConnectionError:
    how = 'reset'
print(json.dumps({'how': how, 'got': got}))
`

export interface SlowPeer {
  readonly host?: string
  readonly port: number
  /** Bytes a second. */
  readonly rate: number
  /** How long it reads so slowly, in seconds. Then it reads the rest as fast as it can. */
  readonly seconds: number
  /** How long it stops in between, in seconds. */
  readonly stop?: number
  readonly tls?: boolean
  /** The number of bytes after which it closes. */
  readonly quits?: number
}

/** Whether there is a Python. In CI its lack is an error. */
const python: boolean = spawnSync('python3', ['-c', 'import ssl']).status === 0
if (!python && process.env['CI'] === 'true') throw new Error('python3 is needed')
export const skip: false | string = python ? false : 'there is no python3'

/** Starts it. Resolves with how its stream ended, and how many bytes it received. */
export function slowPeer(t: Test, options: SlowPeer): Promise<{ how: string; got: number }> {
  const all = { host: '127.0.0.1', stop: 0, tls: false, quits: Number.MAX_SAFE_INTEGER, ...options }
  const child: ChildProcess = spawn('python3', ['-c', source, JSON.stringify(all)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => (said += text))
  return new Promise((resolve) => child.on('close', () => resolve(said === '' ? { how: 'killed', got: 0 } : JSON.parse(said))))
}
