// The cores that the constructor of Server accepts. `server.ts` checks membership here, since `instanceof ServerCore` would
// load every module that a listening server needs.

/** Each ServerCore adds itself. */
export const cores: WeakSet<object> = new WeakSet()
