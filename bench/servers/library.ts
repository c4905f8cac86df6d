// linnet for the servers here, from wherever the runner says: this checkout's build, or another's (`--against`). It is
// loaded the same way in both cases, so that one server program serves for two versions of the library.

import { pathToFileURL } from 'node:url'

type Linnet = typeof import('linnet')

const { LINNET_BENCH_LIBRARY: file } = process.env

const linnet = (await import(file === undefined ? 'linnet' : pathToFileURL(file).href)) as Linnet

export const listen: Linnet['listen'] = linnet.listen
