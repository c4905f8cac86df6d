// Loads linnet for the servers from this checkout's build, or from another's (`--against`). Both are loaded in the same way, so that one
// server program works with two versions of the library.

import { pathToFileURL } from 'node:url'

type Linnet = typeof import('linnet')

const { LINNET_BENCH_LIBRARY: file } = process.env

const linnet = (await import(file === undefined ? 'linnet' : pathToFileURL(file).href)) as Linnet

export const listen: Linnet['listen'] = linnet.listen
