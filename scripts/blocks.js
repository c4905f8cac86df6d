// The code in the documentation, taken out of it, so that it can be compiled and run. Three kinds of fenced block count:
//   ```ts       that begins with an import: a whole program. It runs, and has to end by itself with code 0, unless a
//               console block comes next: then it is a server, and is spoken to.
//   ```ts       that does not: an excerpt, compiled with everything of linnet imported, and `connection` and `server` at hand.
//   ```console  what a reader types (`$ …`), and what comes of it, exactly. It belongs to the program before it.

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * @typedef {{ name: string, source: string, program: boolean, dialogue: { command: string, output: string }[] }} Block
 * @param {string} file a page of Markdown
 * @returns {Block[]}
 */
export function blocksOf(file) {
  const page = basename(file, '.md').toLowerCase()
  /** @type {Block[]} */
  const blocks = []
  const text = readFileSync(file, 'utf8')
  for (const { index, 1: language, 2: source } of text.matchAll(/^```(ts|console)\n(.*?)^```$/gms)) {
    if (language === 'ts') {
      const line = text.slice(0, index).split('\n').length
      blocks.push({ name: `${page}-${line}`, source, program: source.startsWith('import '), dialogue: [] })
    } else blocks.at(-1)?.dialogue.push(...dialogueOf(source))
  }
  return blocks
}

/** @param {string} source */
function dialogueOf(source) {
  return source
    .split(/^\$ /m)
    .slice(1)
    .map((entry) => ({ command: entry.slice(0, entry.indexOf('\n')), output: entry.slice(entry.indexOf('\n') + 1) }))
}

/**
 * An excerpt as a module that compiles.
 * @param {string} source
 * @param {string[]} names what linnet exports
 */
export function moduleOf(source, names) {
  const preamble = `import { ${names.join(', ')} } from 'linnet'; declare const connection: Connection; declare const server: Server`
  return `${preamble}\n{\n${source}}\n`
}
