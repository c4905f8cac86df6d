// Node's permission model (`--permission` without `--allow-net`, Node 25 and later). With a host, Node throws its error where no
// caller is on the stack, and the process dies of it; so it is asked before, and the error is that of the bind or the attempt.

/** What is asked of a process; a test has its own. */
export interface Permitting {
  readonly permission?: { has(scope: string): boolean } | undefined
  readonly allowedNodeEnvironmentFlags?: ReadonlySet<string> | undefined
}

/** Node's error for a process that may not use the network; undefined if this one may, or its runtime has no such permission. */
export function networkDenied(process: Permitting = globalThis.process as Permitting): Error | undefined {
  const { permission, allowedNodeEnvironmentFlags: flags } = process
  // Before there was a permission for the network the answer was `false` as well, as for any scope that is not known.
  if (!permission || !flags?.has('--allow-net') || permission.has('net')) return undefined
  const message = 'Access to this API has been restricted. Use --allow-net to manage permissions.'
  return Object.assign(new Error(message), { code: 'ERR_ACCESS_DENIED', permission: 'Net', resource: '' })
}
