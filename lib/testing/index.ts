// The public interface of `linnet/testing`: re-exports only.

export type { TestCertificateOptions } from '../options/certificate.js'
export type { MemoryConnectOptions, MemoryServerOptions, PairFaults, PairOptions, WayOptions } from '../options/testing.js'
export { type TestCertificate, testCertificate } from './certificate.js'
export { checkConnection, type MakePair } from './check.js'
export { type ManualClock, manualClock } from './manual-clock.js'
export { type MemoryServer, memoryServer } from './memory-server.js'
export { type Pair, pair } from './pair.js'
