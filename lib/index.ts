// The public face of linnet: re-exports only.
//
// A tour of the house. A byte goes carrier → buffer → reader → the handler's `await` → writer → carrier:
//   transport/   carriers of bytes (sockets, streams, memory) and the listeners that bring them
//   buffer/      bytes that arrived and nobody took, and how a message's end is found in them
//   connection/  the read half (reading), the write half (writing), the core (what ends it), and the class a program sees
// A connection goes listener → admission → accept queue → loop → `run` → closing:
//   proxy-protocol/  what a proxy in front says of its client: read, checked, written
//   server/      the way in, the accept queue, the drain, and the class a program sees
//   client/      `connect`: look up, dial, secure, and one deadline over all of it
//   tls/         keys that are tried out, handshakes of both sides, the carrier over TLS
//   options/     every option once: schema, default, reason
//   testing/     the same classes without a socket, a clock that stands still, a conformance check
// `pipe`, `together` and `shutdownOn` stand on connections and servers, each on one page.

export type { Address } from './address.js'
export type { Delimiter } from './bytes/delimiter.js'
export { connect } from './client/connect.js'
export type { ConnectionDuplex } from './connection/bridges/socket-duplex.js'
export type { WebStreams } from './connection/bridges/web.js'
export type { CloseInfo } from './connection/close-info.js'
export { Connection } from './connection/connection.js'
export type { WaitingInfo } from './connection/info.js'
export type {
  BytesOptions,
  EitherOptions,
  IntoOptions,
  LineOptions,
  LinesOptions,
  ReadOptions,
  TextOptions,
} from './connection/reading/read-options.js'
export type { Reader } from './connection/reading/reader.js'
export type { Handler } from './connection/run.js'
export type { StartTlsExtras, StartTlsOptions } from './connection/start-tls.js'
export type { WriteData } from './connection/writing/write-data.js'
export type { WriteSource } from './connection/writing/write-from.js'
export {
  ConcurrentReadError,
  ConnectError,
  ConnectionClosedError,
  ConnectionLostError,
  DrainingError,
  EndOfStreamError,
  type ErrorDetails,
  FrameError,
  HandshakeError,
  InvalidOptionsError,
  type Issue,
  LimitExceededError,
  LinnetError,
  PlaintextBufferedError,
  TimeoutError,
  type TimeoutKind,
} from './errors.js'
export type { ConnectOptions } from './options/connect.js'
export type { ConnectionLimits, ConnectionOptions, LimitChanges } from './options/connection.js'
export type {
  AdmissionChanges,
  Candidate,
  CloseOptions,
  Endpoint,
  FdEndpoint,
  ListenOptions,
  ProxyProtocolOptions,
  SystemdEndpoint,
  TcpEndpoint,
  UnixEndpoint,
} from './options/listen.js'
export type { ProxyHeaderOptions } from './options/proxy-protocol.js'
export type { ClientTlsOptions, ServerTlsOptions } from './options/tls.js'
export { type PipeOptions, type PipeResult, pipe } from './pipe.js'
export type { ProxyHeader, ProxyInfo, ProxyTlv } from './proxy-protocol/header.js'
export type { DrainResult } from './server/drain.js'
export type { DropInfo, DropReason, ServerEvents, ServerStats } from './server/events.js'
export { listen } from './server/listen.js'
export { Server, type SignalOption } from './server/server.js'
export { type ShutdownOptions, shutdownOn } from './shutdown.js'
export type { TlsInfo } from './tls/info.js'
export { type Task, type TogetherOptions, together } from './together.js'
