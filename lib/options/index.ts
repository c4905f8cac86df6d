// The face of this room: what the rest of the library asks it for. Each name is explained where it stands.

export type { ConnectOptions, ConnectPlan } from './connect.js'
export { connectPlan } from './connect.js'
export type { ConnectionLimits, ConnectionOptions, ConnectionSettings, LimitChanges } from './connection.js'
export { changedLimits, connectionSettings, defaultSettings } from './connection.js'
export type {
  AdmissionChanges,
  AdmissionOptions,
  AdmissionPlan,
  Candidate,
  CloseOptions,
  Endpoint,
  EndpointDefaults,
  EndpointOptions,
  EndpointPlan,
  FdEndpoint,
  ListenOptions,
  ListenPlan,
  SystemdEndpoint,
  TcpEndpoint,
  UnixEndpoint,
} from './listen.js'
export { changedAdmission, closeGrace, endpointPlan, listenPlan } from './listen.js'
export type { MemoryConnectOptions, MemoryServerOptions, MemoryServerPlan, PairFaults, PairOptions, PairPlan } from './testing.js'
export { memoryConnectPlan, memoryServerPlan, pairPlan } from './testing.js'
