// The environment variables by which systemd passes sockets (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. They are
// removed from the environment once they are read, so that no child process takes the sockets for its own. They are kept here
// for later calls of `listen`.

/** The values of the variables. */
export interface PassedSockets {
  readonly pid: string | undefined
  readonly count: string | undefined
  readonly names: string | undefined
}

let taken: PassedSockets | undefined

/** The variables, from the environment or from an earlier call. Variables for another process are left in the environment. */
export function passedSockets(env: NodeJS.ProcessEnv = process.env): PassedSockets {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = env
  const found = { pid, count, names }
  if (pid === undefined && count === undefined) return taken ?? found
  if (pid !== String(process.pid) || count === undefined) return found
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  taken = found
  return found
}
