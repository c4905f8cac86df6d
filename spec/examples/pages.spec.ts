// The pages of the guide and the examples: code that a page shows as `typescript` is taken from an example that the page links, which
// a spec runs; and the frames of the page on framing are what the codecs write.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Codec, contentLength, delimited, json, lengthPrefixed, lines, netstring, varintPrefixed } from '../../lib/framing/index.js'
import { root } from '../support/program.js'

const guide = join(root, 'docs/guide')

for (const page of readdirSync(guide).filter((name) => name.endsWith('.md'))) {
  const text = readFileSync(join(guide, page), 'utf8')
  const blocks = Array.from(text.matchAll(/^```typescript\n(.*?)\n```$/gms), ([, code]) => code as string)
  if (blocks.length === 0) continue
  t.test(`${page} shows the code of the examples that it links as it is in their files`, async (t) => {
    const names = new Set(Array.from(text.matchAll(/\]\(\.\.\/\.\.\/examples\/([\w/-]+\.ts)\)/g), ([, name]) => name as string))
    const examples = [...names].map((name) => `\n${readFileSync(join(root, 'examples', name), 'utf8')}`)
    for (const code of blocks) t.ok(examples.some((example) => example.includes(`\n${code}\n`)) && code !== '', code)
  })
}

t.test('the frames that framing.md shows are what the codecs write', async (t) => {
  const text = readFileSync(join(guide, 'framing.md'), 'utf8')
  const rows: [string, Codec<never, string>][] = [
    ['lines()', lines()],
    [String.raw`delimited('\r\n')`, delimited('\r\n')],
    ['lengthPrefixed({ bytes: 4 })', lengthPrefixed({ bytes: 4 })],
    ["lengthPrefixed({ bytes: 2, endian: 'little' })", lengthPrefixed({ bytes: 2, endian: 'little' })],
    ['lengthPrefixed({ bytes: 2, adjust: -2 })', lengthPrefixed({ bytes: 2, adjust: -2 })],
    ['varintPrefixed()', varintPrefixed()],
    ['netstring()', netstring()],
    ['contentLength()', contentLength()],
    ['json(lines())', json(lines())],
  ] as [string, Codec<never, string>][]
  for (const [name, codec] of rows) {
    const bytes = codec.encode('hello')
    const shown = text.split('\n').find((line) => line.startsWith(`${name}  `)) ?? ''
    const [start = '', end = ''] = shown.slice(name.length).trim().split(' ... ')
    const hex = Buffer.from(bytes as string)
      .toString('hex')
      .replace(/..(?!$)/g, '$& ')
    t.ok(start !== '' && hex.startsWith(start) && hex.endsWith(end) && (end !== '' || hex === start), `${name}: ${hex}, not ${shown}`)
  }
})
