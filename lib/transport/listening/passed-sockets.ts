// What systemd says of the sockets that it passed (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. They are taken out
// of the environment once they are read, so that no child of this process takes its sockets for its own; and kept here, so that a
// second `listen` finds them still.

/** The variables, as they were. */
export interface PassedSockets {
  readonly pid: string | undefined
  readonly count: string | undefined
  readonly names: string | undefined
}

let taken: PassedSockets | undefined

/** What the environment says, or said. Another process's variables stay where they are. */
export function passedSockets(env: NodeJS.ProcessEnv = process.env): PassedSockets {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = env
  const found = { pid, count, names }
  if (pid === undefined && count === undefined) return taken ?? found
  if (pid !== String(process.pid) || count === undefined) return found
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  taken = found
  return found
}
