// The face of this room: what the rest of the library asks it for. Each name is explained where it stands.

export type { ConnectOptions, ResolvedConnectOptions } from './connect.js'
export { connectPlan } from './connect.js'
export type { ConnectionLimits, ConnectionOptions, LimitChanges, ResolvedConnectionOptions } from './connection.js'
export { changedLimits, connectionSettings, defaultSettings } from './connection.js'
export type {
  AdmissionChanges,
  AdmissionOptions,
  Candidate,
  CloseOptions,
  Endpoint,
  EndpointDefaults,
  EndpointOptions,
  FdEndpoint,
  ListenOptions,
  ResolvedAdmissionOptions,
  ResolvedEndpoint,
  ResolvedListenOptions,
  SystemdEndpoint,
  TcpEndpoint,
  UnixEndpoint,
} from './listen.js'
export { changedAdmission, closeGrace, endpointPlan, listenPlan } from './listen.js'
export type {
  MemoryConnectOptions,
  MemoryServerOptions,
  PairFaults,
  PairOptions,
  ResolvedMemoryServerOptions,
  ResolvedPairOptions,
} from './testing.js'
export { memoryConnectPlan, memoryServerPlan, pairPlan } from './testing.js'
