// Loads linnet/framing for the servers, from the same build as library.ts loads linnet.

import { pathToFileURL } from 'node:url'

type Framing = typeof import('linnet/framing')

const { LINNET_BENCH_LIBRARY: file } = process.env

// In dist, an entry point is a file beside the main one.
const framing = (await import(file === undefined ? 'linnet/framing' : new URL('framing.js', pathToFileURL(file)).href)) as Framing

export const framed: Framing['framed'] = framing.framed
export const json: Framing['json'] = framing.json
export const lengthPrefixed: Framing['lengthPrefixed'] = framing.lengthPrefixed
export const lines: Framing['lines'] = framing.lines
