// Node's permission model (`--permission` without `--allow-net`, Node 25 and later). For a host name Node throws its error with
// no caller on the stack, which ends the process. So the permission is checked first, and the bind or the connection attempt
// rejects with the error.

/** The members of a process that are read; a test passes its own. */
export interface PermissionHost {
  readonly permission?: { has(scope: string): boolean } | undefined
  readonly allowedNodeEnvironmentFlags?: ReadonlySet<string> | undefined
}

/** Node's error for a process that may not use the network; undefined if it may, or if its runtime has no such permission. */
export function networkDenied(process: PermissionHost = globalThis.process as PermissionHost): Error | undefined {
  const { permission, allowedNodeEnvironmentFlags: flags } = process
  // A Node without a permission for the network answers `false` too, as for any unknown scope.
  if (!permission || !flags?.has('--allow-net') || permission.has('net')) return undefined
  const message = 'Access to this API has been restricted. Use --allow-net to manage permissions.'
  return Object.assign(new Error(message), { code: 'ERR_ACCESS_DENIED', permission: 'Net', resource: '' })
}
