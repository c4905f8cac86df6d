// The descriptors of this process's sockets, which not every runtime shows.

import fs from 'node:fs'

const socketsHere = (): number[] =>
  fs
    .readdirSync('/dev/fd')
    .map(Number)
    // The directory was read by a descriptor too, which is closed by now.
    .filter((fd) => fs.statSync(`/dev/fd/${fd}`, { throwIfNoEntry: false })?.isSocket())

/** The first socket that `open` opens. */
export async function descriptorOpenedBy(open: () => Promise<unknown>): Promise<number> {
  const before = new Set(socketsHere())
  await open()
  return Math.min(...socketsHere().filter((fd) => !before.has(fd)))
}
