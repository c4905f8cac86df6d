// The public interface of linnet: re-exports only.
//
// The path of a byte: carrier → read half → read → handler → write half → carrier.
//   transport/            carriers: the bytes of sockets, streams and memory pairs, in both directions
//   connection/reading/   the read half and the reads: what is buffered, and which read resolves with it
//     bytes/              the buffered bytes, and the search for the end of a message
//   connection/           the class Connection, `run` around the handler, time limits, and the end of a connection
//   connection/writing/   the write half: the queue, back-pressure, and when it is flushed
//   connection/bridges/   the same bytes as a Node Duplex or as web streams
//
// The path of a connection: listener → admission (header, handshake) → accept queue → loop → run → close.
//   transport/listening/  the listeners: TCP ports, Unix sockets, inherited sockets
//   server/               admission, the accept queue, the loops of the class Server, the drain
//     proxy-protocol/     PROXY headers: read, checked, written
//     tls/                TLS contexts, handshakes, and the carrier over TLS
//   connection/           `run` and `close`
//   client/               the other end: look-up, Happy Eyeballs, TLS handshake, and the loop of `reconnect`
//
// Beside them: options/ checks all options, framing/ is `linnet/framing`, testing/ is `linnet/testing`, and `pipe`, `together` and `shutdownOn` are one file
// each. Imports point downwards only: index → testing, server, client → connection → transport, bytes → errors, address.

export type { Address } from './address.js'
export type { Delimiter } from './bytes/delimiter.js'
export { connect } from './client/connect.js'
export { reconnect } from './client/reconnect.js'
export type { ConnectionDuplex } from './connection/bridges/socket-duplex.js'
export type { WebStreams } from './connection/bridges/web.js'
export type { CloseInfo } from './connection/close-info.js'
export { Connection, type Handler } from './connection/connection.js'
export type { WaitingInfo } from './connection/info.js'
export type {
  BatchesOptions,
  BytesOptions,
  EitherOptions,
  IntoOptions,
  LineOptions,
  LinesOptions,
  OverflowOptions,
  ReadOptions,
  TextOptions,
} from './connection/reading/read-options.js'
export type { Reader } from './connection/reading/reader.js'
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
export type { ReconnectFailure, ReconnectOptions, ReconnectTarget } from './options/reconnect.js'
export type { ClientTlsOptions, ServerTlsOptions } from './options/tls.js'
export { type PipeOptions, type PipeResult, pipe } from './pipe.js'
export type { ProxyHeader, ProxyInfo, ProxyTlv } from './proxy-protocol/header.js'
export type { DrainResult } from './server/drain.js'
export type { DropInfo, DropReason, ServerEvents, ServerStats } from './server/events.js'
export { listen } from './server/listen.js'
export { Server, type SignalOption } from './server/server.js'
export { type ShutdownOptions, shutdownOn } from './shutdown.js'
export { type Task, type TogetherOptions, together } from './together.js'
export type { TlsInfo } from './transport/tls-info.js'
